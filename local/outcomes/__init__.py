"""What two state machines do with the same input, compared: `same_outcome`."""
