"""The results of a Distributed Map: reading, ordering and joining them, and what is left to run.

Uses: everything from values to merge.
Others use: `read_manifest`, `join`, and `UnfinishedMap`.
"""
