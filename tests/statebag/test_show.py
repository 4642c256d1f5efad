import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.statebag.cloud import FakeCloud
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, catalog_bag, section, snapshot_of
from universal_sync_core import store_to_s3, universal_sync_core
from universal_sync_core.values.compression import compress

Golden = Callable[[str], None]


@pytest.fixture(autouse=True)
def finished(cloud: FakeCloud) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})
    cloud.store.reset()


def test_show_of_an_execution(run: Run, golden: Golden) -> None:
    golden(run("show", RUN).out)


def test_show_of_a_path(run: Run, golden: Golden) -> None:
    golden(run("show", RUN, "--path", "current_state.report.sections[3]").out)


def test_show_of_a_range(run: Run, golden: Golden) -> None:
    golden(run("show", RUN, "--path", "current_state.report.sections", "--range", "40:43").out)


def test_show_of_the_whole_reads_nothing(run: Run, cloud: FakeCloud) -> None:
    assert run("show", RUN).code == 0
    assert cloud.store.requests == 0


def test_range_reads_only_its_pages(run: Run, cloud: FakeCloud) -> None:
    shown = run("show", RUN, "--path", "current_state.report.sections", "--range", "0:2")

    assert "[1]" in shown.out
    # The map of the report is inline or one page; then the index of the list, and one page.
    assert len(cloud.store.gets) <= 3
    assert cloud.bytes_read < 80_000


def test_json_is_the_value_with_pointers_as_they_stand(run: Run, cloud: FakeCloud) -> None:
    value = json.loads(run("show", RUN, "--json").out)

    assert value["execution_id"] == RUN
    assert value["state_history_archive"]["__s3_offloaded"] is True
    assert cloud.store.requests == 0


def test_hydrated_json_has_everything(run: Run) -> None:
    path = "current_state.report"
    value = json.loads(run("show", RUN, "--path", path, "--json", "--hydrate").out)

    assert value == {"sections": [section(number) for number in range(100)]}


@pytest.mark.parametrize("path", ["current_state", "current_state.prices"])
def test_hydrated_json_has_its_keys_in_order(run: Run, tmp_path: Path, path: str) -> None:
    prices = {f"price-{number}": "p" * 400 for number in range(300)}
    state = {"prices": prices, **{f"name-{number}": "n" * 100 for number in range(2_000)}}
    file = tmp_path / "bag.json"
    bag = universal_sync_core({"execution_id": RUN}, {"current_state": state}, CONTEXT)
    file.write_text(json.dumps(bag))

    shown = json.loads(run("show", str(file), "--path", path, "--json", "--hydrate").out)

    assert list(shown.items()) == list((state if path == "current_state" else prices).items())


def test_json_of_a_range_is_a_list(run: Run) -> None:
    arguments = ("--path", "current_state.report.sections", "--range", "98:", "--json")

    assert json.loads(run("show", RUN, *arguments).out) == [section(98), section(99)]


def test_history_is_one_list_though_part_of_it_is_archived(run: Run) -> None:
    arguments = ("--path", "state_history", "--range", "0:1", "--json")

    assert json.loads(run("show", RUN, *arguments).out) == [{"timestamp": 0, "segment_id": 0}]


def test_sampled_field_is_shown_whole(run: Run) -> None:
    shown = run("show", RUN, "--path", "chunk_results[29].chunk", "--json")

    assert json.loads(shown.out) == 29


def test_sizes_tell_where_each_part_lives(run: Run) -> None:
    told = json.loads(run("show", RUN, "--path", "current_state", "--json", "--sizes").out)

    members = {member["path"]: member for member in told["members"]}
    assert members["current_state.title"]["where"] == "inline"
    assert members["current_state.report"]["where"] == "s3"
    assert members["current_state.report"]["size_bytes"] > 80_000


def test_field_of_a_spilled_bag_is_found(run: Run, tmp_path: Path) -> None:
    many = {f"field_{number:05}": "x" * 40 for number in range(5_000)}
    bag = universal_sync_core(None, {"execution_id": RUN} | many, {"execution_id": RUN})
    file = tmp_path / "bag.json"
    file.write_text(json.dumps(bag))

    assert "state_s3_path" in bag
    assert json.loads(run("show", str(file), "--path", "field_04999", "--json").out) == "x" * 40


def test_secret_is_masked_unless_it_is_asked_for(run: Run) -> None:
    owner = ("show", RUN, "--path", "current_state.owner", "--json")

    assert json.loads(run(*owner).out) == {"name": "Ada", "api_key": "***", "max_tokens": 512}
    assert json.loads(run(*owner, "--no-mask").out)["api_key"] == "abc-123"
    assert json.loads(run(*owner, "--mask", "^name$").out)["name"] == "***"


def test_secret_in_the_tree_is_masked(run: Run) -> None:
    shown = run("show", RUN, "--path", "current_state.owner").out

    assert "abc-123" not in shown
    assert '"***"' in shown


@pytest.mark.parametrize(
    ("options", "masked"),
    [((), {"__gzip_base64": "***", "__size_bytes": 18}), (("--hydrate",), {"password": "***"})],
    ids=str,
)
def test_text_of_a_compressed_value_is_masked(
    run: Run, options: tuple[str, ...], masked: dict[str, Any]
) -> None:
    bag = {"execution_id": "x", "login": compress({"password": "one"})}
    shown = run("show", "-", "--json", *options, stdin=json.dumps(bag)).out

    assert json.loads(shown)["login"] == masked


@pytest.mark.parametrize(
    "options", [(), ("--depth", "3", "--json"), ("--path", "keys.AKIAIOSFODNN7EXAMPLE")], ids=str
)
def test_key_that_looks_secret_is_masked(run: Run, options: tuple[str, ...]) -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    bag = {"execution_id": "x", key: 1, "keys": {key: {"a": 1}}}
    shown = run("show", "-", *options, stdin=json.dumps(bag)).out

    assert "***" in shown
    assert key not in shown
    assert key in run("show", "-", *options, "--no-mask", stdin=json.dumps(bag)).out


def test_part_under_a_secret_name_is_masked(run: Run) -> None:
    bag = {"execution_id": "x", "credentials": {"user": "Ada", "parts": ["one"]}}
    shown = run("show", "-", "--path", "credentials.parts[0]", "--json", stdin=json.dumps(bag))

    assert json.loads(shown.out) == "***"


def test_snapshot_is_shown_as_its_bag(run: Run) -> None:
    _, path = snapshot_of(catalog_bag())

    assert json.loads(run("show", path, "--path", "current_state.title", "--json").out) == (
        "API catalog"
    )


def test_page_is_shown_as_the_list_that_it_is(run: Run) -> None:
    sections = run("show", RUN, "--path", "current_state.report", "--json", "--sizes").out
    path = json.loads(sections)["members"][0]["s3_path"]

    shown = run("show", path, "--range", "99:100", "--json")

    assert json.loads(shown.out) == [section(99)]


def test_text_of_a_state_cannot_steer_the_terminal(run: Run) -> None:
    bag = {"execution_id": "x", "na\x1b[31mme": "\x1b]0;title\x07 \u202egnp.exe"}

    shown = run("show", "-", stdin=json.dumps(bag)).out

    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_bag_from_standard_input_needs_no_cloud(run: Run, cloud: FakeCloud) -> None:
    shown = run("show", "-", stdin='{"state_data": {"execution_id": "x", "a": [1, 2]}}')

    assert shown.code == 0
    assert cloud.states.asked == []


def test_newest_state_of_a_running_execution_is_its_last(run: Run, cloud: FakeCloud) -> None:
    events = [
        {
            "id": number,
            "type": "TaskStateExited",
            "stateExitedEventDetails": {
                "name": "SyncSegment",
                "output": json.dumps({"state_data": {"execution_id": "x", "step": number} | extra}),
            },
        }
        for number, extra in ((1, {}), (2, {}), (3, {"branch_id": "left"}))
    ]
    arn = cloud.states.add("run-2", "RUNNING", events=events)

    assert json.loads(run("show", arn, "--path", "step", "--json").out) == 2


def test_output_without_a_bag_is_shown_with_what_it_points_to(run: Run, cloud: FakeCloud) -> None:
    rows = store_to_s3([{"row": number} for number in range(500)], CONTEXT)
    cloud.states.add("run-1", output={"statusCode": 200, "rows": rows})

    assert run("show", RUN, "--path", "rows[499].row", "--json").out == "499\n"
    assert "list of 500" in run("show", RUN).out


def test_path_that_leads_nowhere_is_told_with_the_name_that_was_perhaps_meant(
    run: Run, cloud: FakeCloud
) -> None:
    cloud.states.add("run-1", output={"state_data": catalog_bag()})

    for path, meant in (
        ("currnt_state", "current_state"),
        ("current_state.report.section[0]", "current_state.report.sections"),
        ("current_state.report.sections[3].titel", "current_state.report.sections[3].title"),
    ):
        ran = run("show", RUN, "--path", path)
        assert ran.code == 3
        assert f"Did you mean {meant}? `statebag show SOURCE --path " in ran.err
    assert "Did you mean" not in run("show", RUN, "--path", "current_state.zzz").err


@pytest.mark.parametrize("count", [3, 3_000], ids=["inline", "in S3"])
def test_show_of_a_field_that_is_named_as_a_part_of_a_pointer(
    run: Run, cloud: FakeCloud, count: int
) -> None:
    fields = {f"key-{number}": {"text": "x" * 100} for number in range(count)}
    named = {"__s3_offloaded": {"a": 7}, "__escaped:__s3_offloaded": {"a": 8}}
    bag = universal_sync_core({"execution_id": RUN}, {"current_state": {"found": fields | named}})
    cloud.states.add("run-1", output={"state_data": bag})

    for name, value in named.items():
        path = f'current_state.found["{name}"].a'
        shown = run("show", RUN, "--path", path, "--json")
        assert (shown.err, shown.out) == ("", f"{value['a']}\n")
