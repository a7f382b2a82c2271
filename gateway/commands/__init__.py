"""The commands, a file each. May not: hold logic; a command reads its options, calls a room, and shows the answer."""
