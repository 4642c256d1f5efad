"""Jobs that do not call back: the event of a job's end is the answer for whoever waits for it.

Uses: contract and callbacks.
Others use: `request` and `ended`.
"""
