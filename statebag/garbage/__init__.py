"""What may be deleted, and the deletion of it while the world goes on.

Uses: everything but commands and report.
Others use: the one rule of `gc`.
"""
