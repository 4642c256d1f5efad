"""What a whole workflow does: it starts, forks, joins, fails, goes on, and is remembered.

Uses: everything below, and `sync.py`.
Others use: the functions that an action calls.
"""
