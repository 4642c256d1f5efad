"""A whole workflow played in memory, for `state_bag.run`."""
