"""The one door: what comes in becomes JSON, and is checked by who sends it.

Uses: everything from values to lazy.
Others use: `ingest`, and the checks of control fields.
"""
