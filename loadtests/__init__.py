"""Load tests: each states a budget and fails when it is missed. `python -m loadtests --help` lists the scenarios."""
