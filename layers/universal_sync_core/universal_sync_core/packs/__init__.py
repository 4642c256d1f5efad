"""What a call stores and reads as packs: documents one after another, read by ranges, verified.

Uses: values and storage.
Others use: `Objects`, the documents of one execution as one call sees them.
"""
