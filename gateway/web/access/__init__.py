"""Who may do what on the admin port: users, their secrets, sessions, tries to log in, and the guard before it all."""
