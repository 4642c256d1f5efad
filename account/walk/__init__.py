"""Every state of the machine by itself: what AWS makes of it, and what the local cloud does.

AWS interprets a single state by its TestState API, with a mock in the place of what the state
would call. The local cloud runs a machine that has this state alone, with the same mock.
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""
