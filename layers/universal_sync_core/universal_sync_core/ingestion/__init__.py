"""The one entrance: incoming values become JSON, and are checked by who sends them.

Uses: everything from values to lazy.
Others use: `ingest`, and the checks of control fields.
"""
