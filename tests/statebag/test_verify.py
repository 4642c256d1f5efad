import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from statebag.budgets import expanded
from tests.core.places import lines_of
from tests.statebag.cloud import BUCKET, MACHINE, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, catalog_bag, decoded, snapshot_of
from universal_sync_core import offload, universal_sync_core
from universal_sync_core.packs import frames, outbox
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.storage.store import Location

Bag = dict[str, Any]


@pytest.fixture
def bag(cloud: FakeCloud) -> Bag:
    made = catalog_bag()
    cloud.states.add("run-1", output={"state_data": made})
    return made


def a_page(cloud: FakeCloud) -> Location:
    """Return a page of the sections."""
    return max(
        (
            location
            for location, stored in cloud.memory.objects.items()
            if b"Section" in lines_of(stored.body)
        ),
        key=lambda location: len(cloud.memory.objects[location].body),
    )


@pytest.mark.usefixtures("bag")
def test_sound_state(run: Run) -> None:
    ran = run("verify", RUN)

    assert ran.code == 0
    assert "8 sound objects of 86.8 KiB, 0 problems" in ran.out


@pytest.mark.parametrize("language", ["Parameters", "Arguments"])
def test_output_of_a_machine_of_your_own_is_read_where_its_function_stores(
    run: Run, cloud: FakeCloud, language: str
) -> None:
    function = "arn:aws:lambda:eu-west-1:123456789012:function:manager"
    call = {"FunctionName": function, "Payload": {"action": "offload"}}
    cloud.states.machines[MACHINE] = {"States": {"Make room": {language: call}}}
    cloud.states.add("run-1", output=offload({"text": "t" * 9_000}, CONTEXT, at_most=1_000))

    ran = run("verify", RUN)

    assert ran.code == 0
    assert "1 sound object of 8.8 KiB, 0 problems" in ran.out


@pytest.mark.usefixtures("bag")
def test_deleted_object_is_found(run: Run, cloud: FakeCloud) -> None:
    page = a_page(cloud)
    del cloud.memory.objects[page]

    ran = run("verify", RUN, "--json")

    assert ran.code == 1
    assert decoded(ran.out)[0]["problems"] == [
        {"fault": "missing", "path": "current_state.report.sections", "s3_path": str(page)}
    ]


@pytest.mark.usefixtures("bag")
def test_archived_object_is_named_and_the_others_are_read(
    run: Run, cloud: FakeCloud, archive: Callable[[Location], None]
) -> None:
    page = a_page(cloud)
    archive(page)

    ran = run("verify", RUN, "--json")

    assert ran.code == 1
    (told,) = decoded(ran.out)
    assert told["sound"] == 7
    assert told["problems"] == [
        {"fault": "archived", "path": "current_state.report.sections", "s3_path": str(page)}
    ]


@pytest.mark.usefixtures("bag")
def test_command_that_undoes_a_deletion_is_told_once(run: Run, cloud: FakeCloud) -> None:
    pages = [key for key in cloud.memory.objects if "/packs/" in str(key)]
    for page in pages[:2]:
        del cloud.memory.objects[page]

    ran = run("verify", RUN)

    folder = quote(RUN, safe="")
    command = f"aws s3api list-object-versions --bucket {BUCKET} --prefix v1/{folder}/ --query"
    assert (ran.code, ran.err.count(command)) == (1, 1)
    assert "The bucket keeps deleted state for 30 days" in ran.err


@pytest.mark.usefixtures("bag")
def test_flipped_byte_is_found(run: Run, cloud: FakeCloud) -> None:
    page = a_page(cloud)
    stored = cloud.memory.objects[page]
    cloud.memory.objects[page] = replace(stored, body=bytes(byte ^ 1 for byte in stored.body))

    ran = run("verify", RUN, "--json")

    assert ran.code == 1
    assert [each["fault"] for each in decoded(ran.out)[0]["problems"]] == ["altered"]


@pytest.mark.usefixtures("bag")
def test_a_byte_that_no_pointer_leads_to_is_found_by_the_name_of_its_pack(
    run: Run, cloud: FakeCloud
) -> None:
    pack = a_page(cloud)
    stored = cloud.memory.objects[pack]
    cloud.memory.objects[pack] = replace(stored, body=stored.body + b"{}\n")

    ran = run("verify", RUN, "--json")

    assert ran.code == 1
    (told,) = decoded(ran.out)
    assert told["sound"] == 8
    assert told["problems"] == [
        {"fault": "misnamed", "path": "current_state.report.sections", "s3_path": str(pack)}
    ]


def test_a_large_state_takes_a_request_for_each_pack(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACK_BYTES", frames.PACK_BYTES)
    items = [{"number": number, "text": f"{number}" * 90} for number in range(2_000)]
    made = universal_sync_core(None, {"execution_id": RUN, "items": items}, CONTEXT)
    cloud.states.add("run-1", output={"state_data": made})
    cloud.store.reset()

    (told,) = decoded(run("verify", RUN, "--json").out)

    assert told["sound"] > 20
    assert len(cloud.store.gets) == 1


def test_pointer_out_of_its_prefix_is_found(run: Run, cloud: FakeCloud, bag: Bag) -> None:
    other = catalog_bag(arn_of("run-2"))
    bag["current_state"]["stolen"] = other["current_state"]["report"]
    cloud.states.add("run-1", output={"state_data": bag})

    ran = run("verify", RUN, "--json")

    assert ran.code == 1
    (problem,) = decoded(ran.out)[0]["problems"]
    assert (problem["fault"], problem["path"]) == ("outside", "current_state.stolen")


def test_pointer_to_another_object_is_found(run: Run, cloud: FakeCloud, bag: Bag) -> None:
    report = bag["current_state"]["report"]
    bag["current_state"]["report"] = report | {"__count": 99}
    cloud.states.add("run-1", output={"state_data": bag})

    (told,) = decoded(run("verify", RUN, "--json").out)

    assert [each["fault"] for each in told["problems"]] == ["mistaken"]


@pytest.mark.usefixtures("bag")
def test_every_object_is_read_once(run: Run, cloud: FakeCloud) -> None:
    cloud.store.reset()

    run("verify", RUN)

    assert len(cloud.store.gets) == len(set(cloud.store.gets)) == len(cloud.memory.objects)


def test_snapshot_named_in_the_bag_is_verified(run: Run, cloud: FakeCloud, bag: Bag) -> None:
    later, path = snapshot_of(bag)
    cloud.states.add("run-1", output={"state_data": later})
    del cloud.memory.objects[Location.parse(path)]

    (told,) = decoded(run("verify", RUN, "--json").out)

    assert [each["path"] for each in told["problems"]] == ["pre_snapshot_s3_path"]


@pytest.mark.usefixtures("bag")
def test_verify_of_damage(run: Run, cloud: FakeCloud, golden: Callable[[str], None]) -> None:
    del cloud.memory.objects[a_page(cloud)]

    golden(run("verify", RUN).out)


def test_position_in_a_list_of_pages_is_told(run: Run, cloud: FakeCloud) -> None:
    items = [{"number": number, "text": "x" * 20_000} for number in range(30)]
    made = universal_sync_core(None, {"execution_id": RUN, "items": items}, CONTEXT)
    cloud.states.add("run-1", output={"state_data": made})
    (pointer,) = pointers_in(made["items"], expanded)
    index = json.loads(lines_of(cloud.memory.get(Location.parse(pointer.path)).body))
    rows = index["items"] if "items" in index else index["children"]
    assert rows
    elements = [
        each
        for each in cloud.memory.objects
        if b'"number":17' in lines_of(cloud.memory.objects[each].body)
    ]
    for each in elements:
        del cloud.memory.objects[each]

    (told,) = decoded(run("verify", RUN, "--json").out)

    assert [each["path"] for each in told["problems"]] == ["items[17]"]
