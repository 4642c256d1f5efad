"""JSON values and the forms that stand for one: what they are, how large, at which path.

Uses: errors, limits and settings.
Others use: everything, for these are the words that all other rooms speak.
"""
