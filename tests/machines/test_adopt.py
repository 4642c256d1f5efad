"""`statebag adopt`: what it writes, that it can be undone, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.machines.adopting import CHAIN, LOOP, MACHINES, OPTIONS, write
from tests.machines.building import Fields, machine, mapping, service, task
from tests.statebag.conftest import Ran, Run


def compact_states(definition: Fields) -> str:
    """A definition with each state on one line."""
    states = [f'  "{name}": {json.dumps(state)}' for name, state in definition["States"].items()]
    head = {key: value for key, value in definition.items() if key != "States"}
    return json.dumps(head)[:-1] + ', "States": {\n' + ",\n".join(states) + "\n}}"


FORMS: dict[str, Any] = {
    "two spaces.json": lambda value: json.dumps(value, indent=2) + "\n",
    "tabs.json": lambda value: json.dumps(value, indent="\t"),
    "one line.json": json.dumps,
    "no spaces.json": lambda value: json.dumps(value, separators=(",", ":")),
    "states on lines.json": compact_states,
    "windows.json": lambda value: json.dumps(value, indent=4).replace("\n", "\r\n"),
    "mark.json": lambda value: "\ufeff" + json.dumps(value, indent=2),
    "block.yaml": lambda value: "# ours\n" + yaml.safe_dump(value, sort_keys=False),
    "flow.yaml": lambda value: yaml.safe_dump(value, default_flow_style=True, width=80),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MACHINES)
def test_twice_is_once_and_undone_is_the_original_to_the_byte(
    run: Run, folder: Path, name: str, form: str
) -> None:
    file = write(folder, form, FORMS[form](MACHINES[name]))
    once, twice, back = (folder / f"{each}{file.suffix}" for each in ("once", "twice", "back"))

    assert run("adopt", str(file), *OPTIONS, "-o", str(once)).code == 0
    assert run("adopt", str(once), *OPTIONS, "-o", str(twice)).code == 0
    assert run("adopt", str(once), "--undo", "-o", str(back)).code == 0

    assert b"Inserted by statebag adopt" in once.read_bytes()
    assert twice.read_bytes() == once.read_bytes()
    assert back.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_touched_stays_to_the_byte(run: Run, folder: Path, form: str) -> None:
    file = write(folder, form, FORMS[form](machine({"S": {"Type": "Succeed"}})))

    ran = run("adopt", str(file), *OPTIONS, "-o", str(folder / "new"))

    assert ran.code == 0
    assert "No state exceeds the limit" in ran.out
    assert (folder / "new").read_bytes() == file.read_bytes()


def test_yaml_and_json_become_the_same_machine(run: Run, folder: Path) -> None:
    made = {}
    for form, written in FORMS.items():
        file = write(folder, form, written(LOOP))
        run("adopt", str(file), *OPTIONS, "-o", str(folder / f"new {form}"))

        new = (folder / f"new {form}").read_text("utf-8-sig").replace("\t", " ")
        made[form] = json.loads(json.dumps(yaml.safe_load(new)))

    assert made == dict.fromkeys(FORMS, made["one line.json"])


def refused(run: Run, folder: Path, definition: Fields) -> Ran:
    file = write(folder, "m.asl.json", json.dumps(definition))
    return run("adopt", str(file), *OPTIONS, "-o", str(folder / "new"))


def test_state_that_needs_everything_plain_is_refused_and_the_rest_adopted(
    run: Run, folder: Path
) -> None:
    grow = {f"S{n}": task(f"f{n}", ResultPath=f"$.s{n}") for n in range(5)}
    mail = service("sns:publish", {"Message.$": "$"})
    each = mapping(machine({"Do": task("Do")}), ItemsPath="$.l", ResultPath=None)
    fan = machine({"F": {**each, "ResultPath": "$.f"}, "Clear": {"Type": "Pass", "Result": {}}})

    ran = refused(
        run,
        folder,
        machine(
            {
                **fan["States"],
                "Clear": {"Type": "Pass", "Result": {}, "Next": "S0"},
                **grow,
                "Mail": mail,
            }
        ),
    )

    assert ran.code == 1
    assert 'Refused: "S' in ran.out
    assert '"Mail" reads it in place' in ran.out
    assert "Offload after Do" in (folder / "new").read_text()


def test_state_that_needs_all_of_a_list_is_named_before_one_that_counts_it(
    run: Run, folder: Path
) -> None:
    each = mapping(machine({"Do": task("Do", OutputPath="$.Payload")}), ResultPath="$.done")
    count = {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.done)"}}
    states = {"Each": each, "Count": {**count, "ResultPath": "$.n"}}
    mail = service("sns:publish", {"Message.$": "$.done"})
    file = write(folder, "m.asl.json", json.dumps(machine({**states, "Mail": mail})))

    ran = run("adopt", str(file), *OPTIONS)

    assert 'Refused: "Each": its results alone exceed the limit, and "Mail" reads $' in ran.out


def test_states_behind_a_refused_one_are_told_in_one_line(run: Run, folder: Path) -> None:
    """Nothing new is said of them: of some dozen states, the one to change was hard to find."""
    states = {f"S{n}": task("f", ResultPath=f"$.s{n}") for n in range(4)}
    file = write(folder, "m.asl.json", json.dumps(machine(states)))

    ran = run("adopt", str(file), "--input-bytes", "262144")

    assert ran.out.count("Refused: ") == 1
    assert '\n  After it, the document stays too large in: "S1", "S2", "S3".\n' in ran.out
    assert "there is room for" not in ran.err


def test_room_for_what_an_offload_state_is_given_is_told(run: Run, folder: Path) -> None:
    file = write(folder, "m.json", json.dumps(CHAIN))

    ran = run("adopt", str(file), *OPTIONS)

    assert "Documents have up to 252.0 KiB: the rest of the 256.0 KiB is for" in ran.err


def test_service_that_is_sent_what_a_handler_answers_is_named(run: Run, folder: Path) -> None:
    mail = service(
        "events:putEvents",
        {"Entries": [{"Detail.$": "$.r.Payload.report", "Source.$": "$.r.Payload.by"}]},
    )
    definition = machine({"Ask": task("ask", ResultPath="$.r"), "Send": mail})
    file = write(folder, "m.json", json.dumps(definition))

    ran = run("adopt", str(file), *OPTIONS)

    (said,) = [line for line in ran.err.splitlines() if '"Send" reads' in line]
    assert said.startswith('The handler of "Ask" fails over 60.0 KiB, because "Send" reads')
    assert "reads $.Payload.by, $.Payload.report of its answer in place" in said
    assert "@large_payloads in between" in said


def test_check_tells_whether_something_would_change(run: Run, folder: Path) -> None:
    file = write(folder, "m.json", json.dumps(CHAIN))
    new = folder / "new.json"

    assert run("adopt", str(file), *OPTIONS, "--check").code == 1
    assert run("adopt", str(file), *OPTIONS, "-o", str(new)).code == 0
    assert run("adopt", str(new), *OPTIONS, "--check").code == 0


def test_difference_is_printed_and_nothing_written_without_a_name(run: Run, folder: Path) -> None:
    file = write(folder, "m.json", json.dumps(CHAIN, indent=2))

    ran = run("adopt", str(file), *OPTIONS)

    assert '+    "Offload before Step 3": {' in ran.out
    assert list(folder.iterdir()) == [file]
    assert "lambda:InvokeFunction" in ran.err
    assert "hydrate" in ran.err


def test_file_that_is_there_is_not_written_over(run: Run, folder: Path) -> None:
    file = write(folder, "m.json", json.dumps(CHAIN))

    assert run("adopt", str(file), *OPTIONS, "-o", str(file)).code == 7
    assert run("adopt", str(file), *OPTIONS, "-o", str(file), "--force").code == 0


def test_link_is_not_written_through(run: Run, folder: Path) -> None:
    """A repository of somebody else's may have a link of the name that is written."""
    file, mine = write(folder, "m.json", json.dumps(CHAIN)), write(folder, "mine", "mine")
    link = folder / "adopted.json"
    link.symlink_to(mine)

    assert run("adopt", str(file), *OPTIONS, "-o", str(link)).code == 7
    assert run("adopt", str(file), *OPTIONS, "-o", str(link), "--force").code == 0
    assert mine.read_text() == "mine"
    assert (link.is_symlink(), link.stat().st_mode & 0o777) == (False, 0o644)
