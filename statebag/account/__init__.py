"""The AWS account that the command works on: its stacks, its bucket, its callbacks, its prices.

Uses: output.
Others use: `Account`, and where state is.
"""
