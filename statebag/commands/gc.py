"""`statebag gc`: delete the objects that nothing refers to any more."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.account.callbacks import open_callbacks
from statebag.account.deployment import require_place
from statebag.account.members import executions_with_state, members_of, recorded_ends
from statebag.account.places import Place
from statebag.errors import RefusedError
from statebag.executions.workflows import Observer
from statebag.garbage.deleting import Deletion
from statebag.garbage.garbage import Collector, Holding, Policy, content_of
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted
from statebag.output.terminal import (
    BAD,
    STRONG,
    ask,
    collected,
    note,
    print_json,
    print_line,
    print_table,
    progress,
)
from statebag.state.references import paths_within
from universal_sync_core.errors import StoredDataError
from universal_sync_core.limits import STEP_FUNCTIONS_KEPT_DAYS, STEP_FUNCTIONS_REDRIVABLE_DAYS
from universal_sync_core.retention.standing import Standing

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


@click.command()
@click.option(
    "--delete", "deletes", is_flag=True, help="Delete. Without it, only show what would be deleted."
)
@click.option("--yes", is_flag=True, help="With --delete: do not ask for confirmation.")
@click.option(
    "--keep-finished",
    default=STEP_FUNCTIONS_KEPT_DAYS,
    show_default=True,
    type=click.IntRange(STEP_FUNCTIONS_REDRIVABLE_DAYS),
    help="Days after its end before anything of a workflow is deleted.",
)
@click.option(
    "--keep-snapshots",
    type=click.IntRange(0),
    help="Days to keep snapshots and failure records. Default: as long as they exist.",
)
@click.option(
    "--grace",
    default=_GRACE_DAYS,
    show_default=True,
    type=click.IntRange(1),
    help="Days before a new object may be deleted.",
)
@click.option(
    "--forgotten",
    is_flag=True,
    help="Also delete state of executions that Step Functions has forgotten, if their state"
    " machine still exists.",
)
@click.option(
    "--unversioned",
    is_flag=True,
    help="Also delete from a bucket without versions, where nothing can be undeleted: only"
    " state of workflows that left no snapshot and no failure record.",
)
@as_json
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    keep_finished: int,
    keep_snapshots: int | None,
    grace: int,
    *,
    deletes: bool,
    yes: bool,
    forgotten: bool,
    unversioned: bool,
    to_json: bool,
) -> None:
    """Find state that nothing refers to any more, and delete it with --delete.

    Nothing of a workflow is deleted if any of its executions still runs, ended less than
    --keep-finished days ago, or cannot be seen. Of other workflows, everything is deleted that
    nothing kept refers to. A workflow includes the executions that continued it, resumed it or
    were started from its state, on any state machine of this account and region. Snapshots,
    failure records and open callbacks are kept, and only content-addressed objects are ever
    deleted. Before and after each request that deletes, Step Functions is asked again. Needs
    --stack or --bucket.

    \b
    Examples:
      statebag gc --stack my-stack
      statebag gc --bucket my-state-bucket --keep-finished 30 --delete
    """  # noqa: D301 - click reads the control character
    place = require_place(cloud, None)
    undoable = not deletes or cloud.inventory.keeps_versions(place.bucket)
    if not undoable and not unversioned:
        hint = "Turn versioning on, or delete for good with --unversioned."
        raise RefusedError(
            f"{place.bucket} keeps no versions, so nothing could be undeleted", hint=hint
        )
    policy = Policy(
        now=datetime.now(UTC),
        keep=timedelta(days=keep_finished),
        grace=timedelta(days=grace),
        keep_snapshots=None if keep_snapshots is None else timedelta(days=keep_snapshots),
        forgotten=forgotten,
        undoable=undoable,
    )
    ids = collected("listing", executions_with_state(cloud, place))
    observer = Observer(
        cloud,
        ids,
        since=policy.now - policy.keep,
        ends=recorded_ends(cloud, place),
        members_of=partial(members_of, cloud, place),
    )
    found = _found(cloud, place, policy, observer, ids)
    _print(found, to_json=to_json)
    garbage = sum(len(each.garbage) for each in found)
    if not garbage or not deletes:
        if garbage:
            note("Nothing was deleted. To delete the unreachable objects, add --delete")
        return
    if not yes:
        ask(f"Delete {counted(garbage, 'object')} from {place.bucket}?")
    with progress("deleting", garbage) as advance:
        outcome = Deletion(cloud, observer, policy, advance).run(found)
    what = "nothing of it" if undoable else "nothing more of it"
    for execution_id, reason in outcome.spared.items():
        note(f"{execution_id} changed meanwhile, and {what} was deleted: {reason}")
    if to_json:
        print_json({"deleted": len(outcome.deleted), "deleted_bytes": outcome.size})
    else:
        size = bytes_text(outcome.size)
        print_line(f"{counted(len(outcome.deleted), 'object')} of {size} deleted", STRONG)


def _found(
    cloud: Cloud, place: Place, policy: Policy, observer: Observer, ids: Collection[str]
) -> list[Holding]:
    """Return what the bucket holds of each workflow, and what of it is garbage."""
    with progress("asking Step Functions"):
        observer.look(ids)
    holdings = [_holding(cloud, place, policy, observer, each) for each in ids]
    with progress("following references") as advance:
        collector = Collector(cloud, place, policy, is_seen=observer.is_seen, told=advance)
        collector.collect(holdings, observer.paths)
    return holdings


def _holding(
    cloud: Cloud, place: Place, policy: Policy, observer: Observer, execution_id: str
) -> Holding:
    objects = content_of(cloud, place, execution_id)
    standing = observer.standing(execution_id)
    reason = policy.reason(standing)
    newest = max((each.modified for each in objects.values()), default=policy.now - policy.keep)
    if standing is Standing.FORGOTTEN and newest > policy.now - policy.keep:
        reason = "it is new, and cannot be seen"
    asked: list[str] = []
    if reason is None:
        try:
            asked = _asked(cloud, place, execution_id)
        except StoredDataError:
            reason = "one of its callbacks cannot be read"
    return Holding(
        execution_id=execution_id,
        standing=standing,
        objects=objects,
        reason=reason,
        asked=asked,
    )


def _asked(cloud: Cloud, place: Place, execution_id: str) -> list[str]:
    """Return what open callbacks refer to, whatever else may be wrong with their records."""
    bodies = open_callbacks(cloud, place, execution_id)
    return [path for body in bodies for path in paths_within(body)]


def _print(found: list[Holding], *, to_json: bool) -> None:
    if to_json:
        for each in found:
            print_json(
                {
                    "execution_id": each.execution_id,
                    "status": each.standing.value,
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
    print_line(f"{count:,} of {counted(total, 'object')} unreachable, {size}", BAD if count else "")


def _row(each: Holding) -> list[str]:
    return [
        each.execution_id.rsplit(":", 1)[-1],
        each.standing.value,
        f"{len(each.objects):,}",
        bytes_text(each.size),
        f"{len(each.garbage):,}",
        bytes_text(each.garbage_size),
        each.reason or "",
    ]
