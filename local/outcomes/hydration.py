"""Values in the place of pointers, as the function of a stack would read them."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

_ALLOWED = "STATE_ALLOWED_PREFIXES"


def hydrate(
    settings: Mapping[str, str], s3: Any, bag: Mapping[str, Any], execution_arn: str | None = None
) -> dict[str, Any]:
    """Give a bag with values in the place of its pointers.

    Args:
        settings: those of the stack, as its function has them in the environment.
        s3: client of the S3 that its bucket is in.
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

    environment = dict(settings)
    if execution_arn is not None:
        environment |= {_ALLOWED: ",".join(_of_machine(s3, environment, execution_arn))}
    with runtime.use(settings=Settings.from_env(environment), store=S3Store(client=s3)):
        return hydrate_state(dict(bag))


def _of_machine(s3: Any, environment: Mapping[str, str], execution_arn: str) -> Iterator[str]:
    """Give the prefixes of everything that executions of a machine and their children stored."""
    bucket, place = environment["STATE_BUCKET"], f"{environment.get('STATE_PREFIX', '')}v1/"
    machine = execution_arn.rsplit(":", 1)[0]
    own = (f"{machine}:", f"{machine}/", f"{machine.replace(':execution:', ':express:')}/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=place, Delimiter="/")
    for page in pages:
        for found in page.get("CommonPrefixes", ()):
            owner = unquote(found["Prefix"].removeprefix(place))
            if owner.startswith(own):
                yield f"s3://{bucket}/{found['Prefix']}"
