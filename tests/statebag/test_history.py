import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, catalog_bag, decoded
from universal_sync_core import hydrate_state, universal_sync_core
from universal_sync_core.storage.store import Location, Part, StoredObject


@pytest.fixture(autouse=True)
def finished(cloud: FakeCloud) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})


def positions(out: str) -> list[int]:
    return [entry["position"] for entry in decoded(out)]


def test_history_of_an_execution(run: Run, golden: Callable[[str], None]) -> None:
    golden(run("history", RUN, "--tail", "5").out)


def test_inline_tail_reads_nothing(run: Run, cloud: FakeCloud) -> None:
    ran = run("history", RUN, "--tail", "10", "--json")

    assert positions(ran.out) == list(range(110, 120))
    assert cloud.store.requests == 0


def test_newest_match_in_a_history_that_is_one_list_reads_its_end_alone(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = {"execution_id": RUN, "state_history_archive": "mine"}
    entries = [{"n": number, "text": f"{number} " * 200} for number in range(2_000)]
    bag = universal_sync_core(taken, {"state_history": entries}, CONTEXT)
    cloud.states.add("run-1", output={"state_data": bag})
    read = list[int]()

    def noted(location: Location, part: Part | None = None) -> StoredObject:
        read.append(len((found := get(location, part)).body))
        return found

    get = cloud.memory.get
    monkeypatch.setattr(cloud.memory, "get", noted)
    ran = run("history", RUN, "--filter", "text~1", "--tail", "3", "--json")

    assert positions(ran.out) == [1997, 1998, 1999]
    assert sum(read) < sum(len(each.body) for each in cloud.memory.objects.values()) / 4


def test_all_has_the_archive_too(run: Run) -> None:
    assert positions(run("history", RUN, "--all", "--json").out) == list(range(120))


def test_filters_all_have_to_match(run: Run) -> None:
    ran = run("history", RUN, "--filter", "segment_id=3", "--filter", "timestamp~^1", "--json")

    entries = [entry["entry"] for entry in decoded(ran.out)]
    assert entries
    assert all(each["segment_id"] == 3 for each in entries)
    assert all(str(each["timestamp"]).startswith("1") for each in entries)


@pytest.mark.parametrize("text", ['labels["app=web"]=a=b', 'labels["app=web"]~^a='])
def test_key_of_a_filter_may_have_its_sign(run: Run, text: str) -> None:
    entries = [{"labels": {"app=web": value}} for value in ("a", "a=b")]
    bag = json.dumps({"execution_id": "x", "state_history": entries})

    assert positions(run("history", "-", "--filter", text, "--json", stdin=bag).out) == [1]


def test_text_filter(run: Run) -> None:
    assert positions(run("history", RUN, "--filter", '"timestamp":77,', "--json").out) == [77]


def test_follow_shows_what_comes_until_the_execution_ends(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = catalog_bag()
    cloud.states.add("run-1", "RUNNING", output={"state_data": bag})

    def later(_: float) -> None:
        more = {"state_history": [{"timestamp": 999}]}
        output = {"state_data": universal_sync_core(bag, more, CONTEXT)}
        cloud.states.add("run-1", output=output)

    monkeypatch.setattr("time.sleep", later)

    ran = run("history", RUN, "--tail", "1", "--follow", "--json")

    assert positions(ran.out) == [119, 120]


def test_follow_goes_on_in_the_execution_that_continues(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = catalog_bag()
    more = universal_sync_core(bag, {"state_history": [{"timestamp": 999}]}, CONTEXT)
    next_one = cloud.states.add("run-2", output={"state_data": more})
    output = {"state_data": bag, "continued_as": {"execution_arn": next_one}}
    cloud.states.add("run-1", output=output)
    monkeypatch.setattr("time.sleep", lambda _: None)

    ran = run("history", RUN, "--tail", "1", "--follow", "--json")

    assert positions(ran.out) == [119, 120]


def test_value_without_a_history_has_none(run: Run) -> None:
    ran = run("history", "-", stdin='{"execution_id": "x"}')

    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("spoiled", "newest"), [(None, 94), ("x", "x"), ({"a": 1}, {"a": 1}), (7, 7)]
)
def test_newest_entries_that_somebody_has_spoiled_count_as_the_core_counts_them(
    run: Run, tmp_path: Path, spoiled: Any, newest: Any
) -> None:
    bag = catalog_bag() | {"state_history": spoiled}
    file = tmp_path / "bag.json"
    file.write_text(json.dumps(bag))
    entries = hydrate_state(bag)["state_history"]

    told = decoded(run("history", str(file), "--all", "--json").out)

    assert [each["entry"] for each in told] == entries
    assert (entries[-1]["timestamp"] if spoiled is None else entries[-1]) == newest
    for command in ("show", "verify"):
        assert run(command, str(file)).code == 0
