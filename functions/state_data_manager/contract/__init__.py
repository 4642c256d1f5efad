"""What callers see of the actions: the models of their events, and the types of their answers.

Uses: the core alone.
Others use: `ActionEvent` and `StateEvent`, the models, and the answers for type checkers.
"""
