"""A privacy-first edge tracking gateway. The rooms, and what each may do, are in README.md under "The house"."""
