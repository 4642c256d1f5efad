"""Executions: what Step Functions knows of them, step by step, and which go on from which.

Uses: output, account and state.
Others use: `sources.opened`, `timeline` and `workflows`.
"""
