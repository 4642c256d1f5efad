"""What only an AWS account can tell, as one command: `make account YES=<account id>`.

It deploys a stack under a name of its own, runs the end-to-end tests and some checks on it, has
AWS interpret each state by itself and compares that with the local cloud, says what differs, and
deletes what it has made. Without credentials of the account that is named it does nothing.
"""
