"""The Smart StateBag: how two values become one, and what two bags have changed.

Uses: everything from values to ingestion.
Others use: `merge_delta`, `Combiner`, `Lists` and `Conflicts`.
"""
