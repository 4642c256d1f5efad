"""Bytes in an object store: the port and its implementations, retry, cache, keys, known objects.

Uses: values.
Others use: `runtime.current()`, the port `ObjectStore`, and the names of keys.
"""
