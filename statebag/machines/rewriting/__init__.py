"""Entries of a definition in the layout of its text, and tasks that are rewritten."""
