"""Workflows of users, run against the real template on the local cloud."""
