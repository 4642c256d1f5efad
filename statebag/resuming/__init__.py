"""How an execution failed, and going on from it: from which state, and what the bag would be.

Uses: listing, sources, executions, state and account.
Others use: `postmortem`, and all of it the command `resume`.
"""
