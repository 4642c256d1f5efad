"""The three steps of the pipe and what belongs to them: flatten, bookkeeping, offload, hydrate.

Uses: everything from values to maps.
Others use: the functions of the public API; the module sync puts them in order.
"""
