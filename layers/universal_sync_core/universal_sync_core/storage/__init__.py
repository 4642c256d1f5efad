"""Bytes in an object store: the port and its twins, retry, cache, keys, what a process knows.

Uses: values.
Others use: `runtime.current()`, the port `ObjectStore`, and the names of keys.
"""
