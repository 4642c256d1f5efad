"""The results of a Distributed Map: reading, ordering and joining them, and what is left to run.

Uses: everything from values to merge.
Others use: `read_map_run`, `joined_outputs` and `joined_items`, `items_in`, and `UnfinishedMap`.
"""
