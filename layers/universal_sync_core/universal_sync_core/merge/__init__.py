"""The Smart StateBag: how two values become one, and how two bags differ.

Uses: everything from values to ingestion.
Others use: `merge_delta`, `Combiner`, `Lists` and `Conflicts`.
"""
