"""Packs, which a call stores and reads: documents one after another, read by ranges and verified.

Uses: values and storage.
Others use: `Objects`, the documents of one execution as one call sees them, and `from_frame`.
"""
