"""Snapshots, restore and resume."""

import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud, arn_of, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import (
    CONTEXT,
    RUN,
    catalog_bag,
    decoded,
    location_of,
    snapshot_of,
)
from universal_sync_core import hydrate_state, universal_sync_core
from universal_sync_core.storage.store import Location, StoredObject

Golden = Callable[[str], None]


@pytest.mark.usefixtures("failed")
def test_snapshots_of_an_execution(run: Run, golden: Golden) -> None:
    golden(run("snapshots", RUN).out)


@pytest.mark.usefixtures("failed")
def test_execution_is_not_said_never_to_have_begun_where_its_bucket_is_not_known(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(**_: Any) -> None:
        raise client_error("ResourceNotFoundException", "GetFunctionConfiguration")

    cloud.states.events[RUN] = History().events
    monkeypatch.setattr(cloud.functions, "get_function_configuration", gone)

    ran = run("resume", RUN, "--dry-run")

    assert (ran.code, ran.out) == (3, "")
    assert "cannot tell which bucket holds the state" in ran.err


def test_snapshots_are_listed_once_and_in_order(run: Run, failed: str) -> None:
    found = decoded(run("snapshots", RUN, "--json").out)

    assert [each["type"] for each in found] == ["pre", "failure"]
    assert (found[1]["s3_path"], found[1]["error"]) == (failed, "OutOfStock")


@pytest.mark.parametrize("kind", ["missing", "archived", "damaged"])
def test_snapshot_that_cannot_be_read_is_told_beside_the_others(
    run: Run, cloud: FakeCloud, failed: str, archive: Callable[[Location], None], kind: str
) -> None:
    record = location_of(failed)
    if kind == "archived":
        archive(record)
    else:
        del cloud.memory.objects[record]
    if kind == "damaged":
        cloud.memory.objects[record] = StoredObject(b"{}")

    assert [each["type"] for each in decoded(run("snapshots", RUN, "--json").out)] == ["pre", kind]


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", "state"), (b"1", "state"), (b"", "damaged")], ids=str
)
def test_record_that_is_another_document_is_told(
    run: Run, cloud: FakeCloud, failed: str, body: bytes, kind: str
) -> None:
    """A worker may store any document, and end its message as a failure record is named."""
    path = f"{failed[:-64]}{hashlib.sha256(body).hexdigest()}"
    cloud.memory.objects[location_of(path)] = StoredObject(body)
    cloud.states.executions[RUN]["cause"] = f"said [record: {path}]"

    assert decoded(run("snapshots", RUN, "--json").out)[-1]["type"] == kind
    assert run("failure", RUN).code == 0


def test_bag_whose_execution_is_no_text_is_not_resumed(run: Run, cloud: FakeCloud) -> None:
    document = {"state_data": {"execution_id": {}, "state_revision": 1}}
    history = History().visit("SyncSegment", document, document)
    cloud.states.add("run-1", "FAILED", input=document, events=history.events)

    assert run("resume", RUN).code != 0


def test_state_of_a_failed_execution_is_its_last_good_bag(run: Run, failed: str) -> None:
    for source in (RUN, failed):
        ran = run("show", source, "--path", "current_state.title", "--json")
        assert ran.out == '"API catalog"\n'


def test_restore_gives_the_bag_exactly(run: Run, tmp_path: Path) -> None:
    made = catalog_bag()
    _, path = snapshot_of(made)
    file = tmp_path / "bag.json"

    assert run("restore", path, "-o", str(file)).code == 0

    assert json.loads(file.read_text()) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_restore_with_values_in_the_place_of_pointers(run: Run) -> None:
    made = catalog_bag()
    _, path = snapshot_of(made)

    restored: dict[str, Any] = json.loads(run("restore", path, "--hydrate", "-o", "-").out)

    assert restored == hydrate_state(made)


def test_restore_does_not_write_over_a_file(run: Run, tmp_path: Path) -> None:
    _, path = snapshot_of(catalog_bag())
    file = tmp_path / "bag.json"
    file.write_text("mine")

    ran = run("restore", path, "-o", str(file))

    assert (ran.code, file.read_text()) == (7, "mine")
    assert "--force" in ran.err
    assert run("restore", path, "-o", str(file), "--force").code == 0


def test_snapshots_of_a_resumed_execution_have_those_before_it(
    run: Run, cloud: FakeCloud, failed: str
) -> None:
    again = universal_sync_core(catalog_bag(), {"execution_chain": [RUN, "later"]}, CONTEXT)
    start = {"input": json.dumps({"resume_from": failed})}
    history = History()
    history.add("ExecutionStarted", executionStartedEventDetails=start)
    later = cloud.states.add(
        "run-2", events=history.events, input={"resume_from": failed}, output={"state_data": again}
    )

    found = decoded(run("snapshots", later, "--json").out)

    assert [each["type"] for each in found] == ["pre", "failure"]


def test_execution_that_a_state_names_is_no_part_of_the_chain(
    run: Run, cloud: FakeCloud, failed: str
) -> None:
    cloud.states.add("victim")
    made = catalog_bag() | {"execution_chain": [RUN, arn_of("victim"), "x", arn_of("run-2")]}
    start = {"resume_from": failed}
    last = cloud.states.add("run-2", input=start, output={"state_data": made})
    output = {"continued_as": {"execution_arn": last}, "state_data": made}
    cloud.states.add("run-2", input=start, output=output)  # which names itself

    shown = run("timeline", last).out

    assert "victim" not in shown
    assert shown.count(last) == 1
