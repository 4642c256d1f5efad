"""Values in the place of pointers, read from the cloud's S3."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from ..clients import Clients
from ..deploy import Stack
from ..workers import settings_of

_ALLOWED = "STATE_ALLOWED_PREFIXES"


def hydrate(
    stack: Stack, clients: Clients, bag: Mapping[str, Any], execution_arn: str | None = None
) -> dict[str, Any]:
    """Give a bag with values in the place of its pointers.

    Args:
        stack: whose S3 it is.
        clients: of the cloud.
        bag: the bag.
        execution_arn: whose pointers these are, where the bag does not say it: those of its
            machine and of children of its Distributed Maps are followed.
    """
    # The core is needed for this alone, and it is not always on the path: in the repository
    # `python -m local.serve` runs without it.
    from universal_sync_core import hydrate_state  # noqa: PLC0415
    from universal_sync_core.settings import Settings  # noqa: PLC0415
    from universal_sync_core.storage import runtime  # noqa: PLC0415
    from universal_sync_core.storage.s3_store import S3Store  # noqa: PLC0415

    environment = settings_of(stack, clients)
    s3 = clients.client("s3")
    if execution_arn is not None:
        environment |= {_ALLOWED: ",".join(_of_machine(s3, environment, execution_arn))}
    with runtime.use(settings=Settings.from_env(environment), store=S3Store(client=s3)):
        return hydrate_state(dict(bag))


def _of_machine(s3: Any, environment: Mapping[str, str], execution_arn: str) -> Iterator[str]:
    """Give the prefixes of everything that executions of a machine and their children stored."""
    bucket, place = environment["STATE_BUCKET"], f"{environment.get('STATE_PREFIX', '')}v1/"
    machine = execution_arn.rsplit(":", 1)[0]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=place, Delimiter="/")
    for page in pages:
        for found in page.get("CommonPrefixes", ()):
            owner = unquote(found["Prefix"].removeprefix(place))
            if owner.startswith((f"{machine}:", f"{machine}/")):
                yield f"s3://{bucket}/{found['Prefix']}"
