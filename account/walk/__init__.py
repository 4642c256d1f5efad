"""Every state of the machine on its own: its outcome on AWS and on the local cloud.

AWS interprets a single state by its TestState API, with a mock instead of what the state
would call. The local cloud runs a machine that has this state alone, with the same mock.
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""
