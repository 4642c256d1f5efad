"""Who asks the cloud for what, and whether the state bucket lets them.

A request is made by the role whose name is its access key: that of a function, or one that a test
takes by `LocalCloud.client(..., role=...)`. Requests to a bucket for which the stack has a policy
are checked against it and the policies of the role. Nobody checks those of the key `local`.
"""
