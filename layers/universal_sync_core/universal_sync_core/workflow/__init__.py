"""What happens to a whole workflow: it starts, forks, joins, fails, goes on, and is recorded.

Uses: everything below, and `sync.py`.
Others use: the functions that an action calls.
"""
