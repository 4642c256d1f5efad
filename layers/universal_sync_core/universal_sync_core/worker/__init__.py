"""What a worker sees of the state, and what it gives back.

Uses: everything below.
Others use: `state_task`, `open_bag`, and the built-in runner.
"""
