"""Values of any size: pages under index objects, stored in packs, written and read by path.

Uses: values, storage and packs.
Others use: `Pages` to write, `PageReader` to read, `pointers_in` to find what to read.
"""
