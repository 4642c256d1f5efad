"""`statebag gc`: delete the objects that nothing refers to any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from statebag.aws import Cloud
from statebag.callbacks import executions_with_state
from statebag.deployment import require_place
from statebag.executions import machine_of
from statebag.garbage import Collection, Collector, Policy, content_of
from statebag.inventory import DELETE_AT_ONCE, Stored
from statebag.options import as_json, with_cloud
from statebag.places import Place
from statebag.progress import progress
from statebag.rendering import BAD, STRONG, bytes_text, note, print_json, print_line, print_table
from statebag.roots import find_owners, live_owners
from universal_sync_core.keys import execution_prefix

# Step Functions keeps what is known of an execution for so long after its end.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_KEPT_BY_STEP_FUNCTIONS_DAYS: Final = 90
_GRACE_DAYS: Final = 7
_COLUMNS: Final = (
    "execution",
    "is",
    "objects",
    "size",
    "unreachable",
    "size of those",
    "kept because",
)
_TO_THE_RIGHT: Final = ("objects", "size", "unreachable", "size of those")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deleted:
    objects: int
    size: int


@click.command()
@click.option(
    "--delete", "deletes", is_flag=True, help="Delete; else it is only told what would be."
)
@click.option("--yes", is_flag=True, help="With --delete: do not ask.")
@click.option(
    "--grace",
    default=_GRACE_DAYS,
    show_default=True,
    type=click.IntRange(1),
    help="Days for which nothing new is deleted.",
)
@click.option(
    "--keep-finished",
    default=_KEPT_BY_STEP_FUNCTIONS_DAYS,
    show_default=True,
    type=click.IntRange(0),
    help="Days for which the final state of an execution is kept, and a failed one redrivable.",
)
@click.option(
    "--keep-snapshots",
    type=click.IntRange(0),
    help="Days for which snapshots and failure records are kept; else as long as they are there.",
)
@click.option(
    "--within-live",
    is_flag=True,
    help="Delete in executions that run, too. A value that comes back just then would be lost until"
    " it is undeleted from the bucket's versions.",
)
@as_json
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    grace: int,
    keep_finished: int,
    keep_snapshots: int | None,
    *,
    deletes: bool,
    yes: bool,
    within_live: bool,
    to_json: bool,
) -> None:
    r"""Find, and with --delete delete, state that nothing refers to any more.

    Kept is what can be reached from: executions that run; the final state, or the state at the
    failure, of those that ended within --keep-finished days; snapshots and failure records; open
    callbacks. Of executions that run everything is kept. Only content-addressed objects (sha256/)
    are ever deleted. Needs --bucket.

    \b
    Examples:
      statebag gc --bucket my-state-bucket
      statebag gc --bucket my-state-bucket --keep-finished 30 --delete
    """
    place = require_place(cloud, None)
    now = datetime.now(UTC)
    policy = Policy(
        now=now,
        grace=timedelta(days=grace),
        keep_snapshots=None if keep_snapshots is None else timedelta(days=keep_snapshots),
        within_live=within_live,
    )
    found = _found(cloud, place, policy, timedelta(days=keep_finished))
    _print(found, to_json=to_json)
    garbage = sum(len(each.garbage) for each in found)
    if not garbage or not deletes:
        if garbage:
            note("Nothing was deleted. To delete what is unreachable: --delete")
        return
    if not yes:
        click.confirm(f"Delete {garbage:,} objects from {place.bucket}?", abort=True, err=True)
    deleted = _delete(cloud, found, policy)
    if to_json:
        print_json({"deleted": deleted.objects, "deleted_bytes": deleted.size})
    else:
        print_line(f"{deleted.objects:,} objects of {bytes_text(deleted.size)} deleted", STRONG)


def _found(cloud: Cloud, place: Place, policy: Policy, keep: timedelta) -> list[Collection]:
    with progress("listing") as advance:
        ids = []
        for execution_id in executions_with_state(cloud, place):
            ids.append(execution_id)
            advance(1)
    owners = find_owners(cloud, place, ids, now=policy.now, keep=keep)
    collections = {
        name: Collection(owner=owner, objects=content_of(cloud, place, _prefix(place, name)))
        for name, owner in owners.items()
    }
    with progress("following references") as advance:
        Collector(cloud, policy, advance).collect(collections)
    return list(collections.values())


def _prefix(place: Place, execution_id: str) -> str:
    return execution_prefix(place.settings, execution_id)


def _delete(cloud: Cloud, found: Iterable[Collection], policy: Policy) -> _Deleted:
    """Delete the garbage of executions that have not begun to run again meanwhile."""
    count = size = 0
    with progress("deleting", sum(len(each.garbage) for each in found)) as advance:
        for collection in found:
            machine = machine_of(collection.owner.execution_id)
            for batch in _batches(collection.garbage):
                live = set() if policy.within_live else live_owners(cloud, [machine or ""])
                if collection.owner.execution_id in live:
                    note(
                        f"{collection.owner.execution_id} runs again: nothing more is deleted of it"
                    )
                    break
                cloud.inventory.delete([stored.location for stored in batch])
                count, size = count + len(batch), size + sum(stored.size for stored in batch)
                advance(len(batch))
    return _Deleted(objects=count, size=size)


def _batches(garbage: list[Stored]) -> list[list[Stored]]:
    return [garbage[at : at + DELETE_AT_ONCE] for at in range(0, len(garbage), DELETE_AT_ONCE)]


def _print(found: list[Collection], *, to_json: bool) -> None:
    if to_json:
        for each in found:
            print_json(
                {
                    "execution_id": each.owner.execution_id,
                    "status": each.owner.status,
                    "objects": len(each.objects),
                    "bytes": each.size,
                    "unreachable": [str(stored.location) for stored in each.garbage],
                    "unreachable_bytes": each.garbage_size,
                    "kept_because": each.reason,
                }
            )
        return
    if found:
        print_table(_COLUMNS, [_row(each) for each in found], right=_TO_THE_RIGHT)
    count = sum(len(each.garbage) for each in found)
    size = bytes_text(sum(each.garbage_size for each in found))
    total = sum(len(each.objects) for each in found)
    print_line(f"{count:,} of {total:,} objects are unreachable, {size}", BAD if count else "")


def _row(each: Collection) -> list[str]:
    return [
        each.owner.execution_id.rsplit(":", 1)[-1],
        each.owner.status,
        f"{len(each.objects):,}",
        bytes_text(each.size),
        f"{len(each.garbage):,}",
        bytes_text(each.garbage_size),
        each.reason or "",
    ]
