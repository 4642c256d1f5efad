"""Values of any size as immutable objects: pages under index objects, written and read by path.

Uses: values and storage.
Others use: `Pages` to write, `PageReader` to read, `Objects` for what one call adds.
"""
