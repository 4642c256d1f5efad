"""Executions: what Step Functions knows of them, step by step, and which go on from which.

Uses: output, account and state.
Others use: `executions`, `naming`, `chain`, `timeline` and `workflows`.
"""
