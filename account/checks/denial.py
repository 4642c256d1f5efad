"""A permission that is withdrawn for a while."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from account.access import Access

_NAME = "DeniedByTheChecks"
# IAM says that changes take some seconds to be seen everywhere.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
_SPREADING_SECONDS = 15.0


@contextmanager
def denied(access: Access, role: str, actions: list[str], patience: float) -> Iterator[None]:
    """Deny actions to a role for as long as the context lasts.

    Args:
        access: to the account.
        role: name of the role.
        actions: as IAM names them.
        patience: the most seconds to wait until the change is seen.
    """
    iam, spreading = access.client("iam"), min(patience, _SPREADING_SECONDS)
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName=_NAME, PolicyDocument=policy)
    try:
        time.sleep(spreading)
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName=_NAME)
        time.sleep(spreading)
