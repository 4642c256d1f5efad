"""What callers see of the actions: models of events, types of answers, and the stack's switches.

Uses: the core alone.
Others use: `ActionEvent` and `StateEvent`, the models, `switches`, and the answers for types.
"""
