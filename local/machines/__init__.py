"""State machines of the user's: definitions, mocks of their states, and what they were given."""
