"""The private port: pages and an API for operators, analysts and officers. One table of routes makes all of it."""
