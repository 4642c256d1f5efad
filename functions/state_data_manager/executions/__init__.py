"""Executions that ended: how they ended, the record of it, and the daily deletion.

Uses: contract, services and measures.
Others use: `record_end` and `delete_ended`.
"""
