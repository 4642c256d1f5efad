"""States and edges of a machine, each with what it does to its document."""
