"""Sources of a state: an execution, one of its steps, a snapshot, a failure record, S3, a file.

Uses: executions, state, account and output.
Others use: `sources.open_source`, `failures` and `entries`.
"""
