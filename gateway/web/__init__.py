"""May be called: collect (public) and admin (private). Holds no law and no storage; it is handed both."""
