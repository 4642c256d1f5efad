"""Callbacks: a waiting state asks, and its answer is delivered once.

Uses: contract, services and measures.
Others use: `request` and `asked`, `submit` and `answer`, and `Record` with `read_as` and `create`.
"""
