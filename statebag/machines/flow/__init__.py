"""Where values go: who reads what later, and how large each can be."""
