"""What a machine does to its document, and where it passes the limit, for people and programs."""
