"""Documents of any shape: their large parts become pointers, and pointers become values again.

Uses: everything from values to workflow.
Others use: `offload` and `hydrate`, and `words` for the parts that must stay readable in place.
"""
