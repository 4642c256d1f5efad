"""Executions by what they are: living ones, ended ones, and those of a final state.

Uses: executions, state, account and output.
Others use: `feed.Feed`, `finding.Finder` and `options.with_query`.
"""
