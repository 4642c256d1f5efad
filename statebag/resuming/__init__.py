"""Going on from a state: from which, with which changes, and what the bag would be.

Uses: listing, executions, state and account.
Others use: the command `resume`.
"""
