"""A cloud that stays up for somebody to work on."""
