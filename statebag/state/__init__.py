"""A state, read through the core and never written: as a tree, by path, by difference.

Uses: output and account.
Others use: `StateReader`, `tree` and `differences`.
"""
