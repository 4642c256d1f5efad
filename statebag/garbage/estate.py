"""All that a workflow has stored: which objects are its own, in every version."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from botocore.exceptions import ClientError

from statebag.account.aws import Cloud
from statebag.account.places import Place
from statebag.account.versions import Version
from statebag.executions.chain import owner_told_by
from statebag.executions.executions import Executions, machine_of
from statebag.state.reading import body_at
from universal_sync_core.errors import StoredDataError
from universal_sync_core.retention.ended import RecordName, day_prefix, ended_prefix, record_in
from universal_sync_core.retention.members import digest_of
from universal_sync_core.storage.keys import (
    RESULTS_FOLDER,
    execution_prefix,
    items_prefix,
    owner_in,
    places_of_executions,
)
from universal_sync_core.storage.store import Location
from universal_sync_core.values.codec import Json, JsonObject, decode

# What the folders of an execution hold, for people.
_KINDS: Final = {"packs": "state", "callbacks": "callbacks", "executions": "marks of executions"}
RECORDS: Final = "records of ends"
_ITEMS: Final = "items of maps"
_RESULTS: Final = "results of maps"
_MANIFEST: Final = "manifest.json"


@dataclass(slots=True, kw_only=True)
class Estate:
    """What is stored of a workflow.

    Attributes:
        owner: the execution that began it.
        executions: all that are known to have worked on its state, the owner first.
        unproved: executions that say so beside the state, and of which nothing else says it.
        versions: what there is, by what it is for people.
        prefixes: what the keys of all of it begin with.
        left: places of which it cannot be told whether they are its own.
    """

    owner: str
    place: Place
    executions: list[str]
    unproved: list[str] = field(default_factory=list)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    prefixes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[Version]:
        """All versions."""
        return [each for versions in self.versions.values() for each in versions]

    def counts(self) -> dict[str, JsonObject]:
        """Return how many objects and versions there are of each kind, and their bytes."""
        return {
            kind: {
                "objects": len({each.location for each in versions}),
                "versions": len(versions),
                "bytes": sum(each.size for each in versions),
            }
            for kind, versions in self.versions.items()
        }

    def add(self, kind: str, found: Iterable[Version]) -> None:
        """Add versions of a kind."""
        new = list(found)
        if new:
            self.versions.setdefault(kind, []).extend(new)


class Surveyor:
    """Finds what a workflow has stored."""

    def __init__(self, cloud: Cloud, place: Place) -> None:
        """Look at a place."""
        self._cloud = cloud
        self._place = place

    def survey(self, owner: str, marked: Iterable[str], since: datetime | None) -> Estate:
        """Return what is stored of a workflow.

        Args:
            owner: the execution that began its state.
            marked: those that say beside the state that they went on with it.
            since: when the first was started; None where that is not known.
        """
        estate = Estate(owner=owner, place=self._place, executions=[owner])
        proved = {owner, *(arn for arn in marked if _works_on(self._cloud, arn, owner))}
        records = self._records(owner, marked, proved, since)
        for arn in marked:
            is_proved = arn in proved or arn in records.values()
            (estate.executions if is_proved else estate.unproved).append(arn)
        runs = {arn: _map_runs(self._cloud, arn) for arn in estate.executions}
        owners = [owner, *self._children(run for each in runs.values() for run in each)]
        for each in owners:
            self._add_state(estate, each)
        for arn in estate.executions:
            self._add_results(estate, arn, {run.rsplit(":", 1)[-1] for run in runs[arn]})
        estate.add(RECORDS, records)
        estate.prefixes += [version.location.key for version in records]
        return estate

    def _add_state(self, estate: Estate, owner: str) -> None:
        settings = self._place.settings
        prefix, items = execution_prefix(settings, owner), items_prefix(settings, owner)
        estate.prefixes += [prefix, items]
        for version in self._of(prefix):
            folder = version.location.key.removeprefix(prefix).split("/")[0]
            estate.add(_KINDS.get(folder, folder), [version])
        estate.add(_ITEMS, self._of(items))

    def _add_results(self, estate: Estate, arn: str, runs: Collection[str]) -> None:
        """Add results of Distributed Maps: their folder has the name of the execution alone."""
        folder = f"{self._place.prefix}{RESULTS_FOLDER}{arn.rsplit(':', 1)[-1]}/"
        for prefix, versions in groupby(self._of(folder), lambda each: _beside(each, folder)):
            is_own = prefix.removeprefix(folder).rstrip("/") in runs
            if is_own or self._machine_in(prefix) == machine_of(arn):
                estate.add(_RESULTS, versions)
                estate.prefixes.append(prefix)
            else:
                estate.left.append(f"s3://{self._place.bucket}/{prefix}")

    def _machine_in(self, prefix: str) -> str | None:
        """Return the state machine of a map run, by its manifest; None where that is not there."""
        location = Location(self._place.bucket, f"{prefix}{_MANIFEST}")
        try:
            manifest: Json = decode(body_at(self._cloud, location))
        except StoredDataError:
            return None
        run = manifest.get("MapRunArn") if type(manifest) is dict else None
        head, mark, rest = run.partition(":mapRun:") if isinstance(run, str) else ("", "", "")
        return f"{head}:stateMachine:{rest.split('/')[0]}" if mark else None

    def _children(self, runs: Iterable[str]) -> Iterator[str]:
        """Yield the children of map runs that stored state under ids of their own."""
        executions = Executions(self._cloud.states)
        for run in runs:
            head, _, rest = run.partition(":mapRun:")
            start = f"{head}:execution:{rest.rsplit(':', 1)[0]}:"
            settings = self._place.settings
            stored = {owner_in(settings, each) for each in self._folders(start)} - {None}
            if stored:
                yield from (arn for arn in executions.children_of(run) if arn in stored)

    def _folders(self, start: str) -> Iterator[str]:
        path = places_of_executions(self._place.settings, start)
        prefix = path.removeprefix(f"s3://{self._place.bucket}/")
        return self._cloud.inventory.folders(self._place.bucket, prefix)

    def _records(
        self, owner: str, marked: Iterable[str], proved: Collection[str], since: datetime | None
    ) -> dict[Version, str]:
        """Return the records of ends of those that worked on a state, each with whose it is."""
        names = {digest_of(arn): arn for arn in (owner, *marked)}
        found: dict[Version, str] = {}
        for prefix in self._days(since):
            for version in self._of(prefix):
                name = RecordName.in_key(version.location.key)
                arn = names.get(name.digest) if name else None
                if arn is not None and (arn in proved or self._says(version, arn, owner)):
                    found[version] = arn
        return found

    def _says(self, version: Version, arn: str, owner: str) -> bool:
        """Tell whether a record says that an execution worked on the state of another."""
        try:
            path = str(version.location)
            record = record_in(body_at(self._cloud, version.location), path)
        except StoredDataError:
            return False
        return bool(record["execution_arn"] == arn and record["execution_id"] == owner)

    def _days(self, since: datetime | None) -> Iterator[str]:
        """Yield the prefixes of records that may be of executions which began since then."""
        settings, today = self._place.settings, datetime.now(UTC).date()
        if since is None:
            yield ended_prefix(settings)
            return
        first = since.astimezone(UTC).date()
        for number in range((today - first).days + 1):
            yield day_prefix(settings, first + timedelta(days=number))

    def _of(self, prefix: str) -> Iterator[Version]:
        return self._cloud.versions.of(self._place.bucket, prefix)


def _works_on(cloud: Cloud, arn: str, owner: str) -> bool:
    """Tell whether an execution that Step Functions knows works on the state of another."""
    execution = Executions(cloud.states).known(arn)
    return execution is not None and owner_told_by(execution) == owner


def _beside(version: Version, folder: str) -> str:
    """Return the folder below `folder` that a version is in."""
    return f"{folder}{version.location.key.removeprefix(folder).split('/')[0]}/"


def _map_runs(cloud: Cloud, arn: str) -> list[str]:
    """Return the map runs of an execution; none of one that Step Functions has forgotten."""
    try:
        return list(Executions(cloud.states).map_runs_of(arn))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ExecutionDoesNotExist", "ResourceNotFound"):
            raise
        return []
