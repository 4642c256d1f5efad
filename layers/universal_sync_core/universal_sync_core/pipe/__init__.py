"""The three steps of the pipe and what belongs to them: flatten, bookkeeping, offload, hydrate.

Uses: everything from values to maps.
Others use: the functions of the public API; `sync.py` puts them in order.
"""
