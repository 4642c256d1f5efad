"""The results of a Distributed Map: read from S3, put in order, joined, and what is left to run.

Uses: everything from values to merge.
Others use: `read_manifest`, `join`, and `UnfinishedMap`.
"""
