"""JSON values, and the forms that stand for one: their encoding, sizes and paths.

Uses: errors, limits and settings.
Others use: everything; all other rooms are built on these words.
"""
