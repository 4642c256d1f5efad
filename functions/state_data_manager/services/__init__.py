"""AWS services other than S3: clients, calls whose failures are errors of the core, integrations.

Uses: contract.
Others use: `stepfunctions` and `events`, `called` and `attempt`, and `call` for an integration.
"""
