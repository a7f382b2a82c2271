"""Facts, tallies and keys on local disk. MAY TOUCH THE DISK; may not: see a hit, call out, ask the warehouse."""
