"""`statebag adopt`: what it writes, that it can be undone, and what it refuses."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from statebag.machines.adopting.retries import RETRIES
from tests.machines.building import INVOKE, Fields, machine, mapping, service, task
from tests.statebag.conftest import Ran, Run

STACK = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"
CHAIN = machine({f"Step {n}": task(f"Step{n}", ResultPath=f"$.step{n}") for n in range(5)})
LOOP = machine(
    {
        "Ask": task("Ask", ResultPath="$.answers.a"),
        "Keep": {"Type": "Pass", "Parameters": {"all.$": "States.Array($.all, $.answers)"}},
        "More?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.all[0].more", "BooleanEquals": True, "Next": "Ask"}],
            "Default": "End",
        },
        "End": {"Type": "Succeed"},
    }
)
FAN = machine(
    {
        "Each": mapping(machine({"Do": task("Do")}), ItemsPath="$.items", ResultPath="$.done"),
        "End": {"Type": "Succeed"},
    }
)
JSONATA = machine(
    {
        f"Step {n}": {
            "Type": "Task",
            "Resource": INVOKE,
            "Arguments": {"FunctionName": "f", "Payload": "{% $states.input %}"},
            "Output": {"kept": "{% $states.input %}", "new": "{% $states.result.Payload %}"},
        }
        for n in range(5)
    },
    QueryLanguage="JSONata",
)
MACHINES = {"chain": CHAIN, "loop": LOOP, "fan": FAN, "jsonata": JSONATA}
OPTIONS = ("--input-bytes", "32768", "--decorated", "*")


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def adopted(run: Run, folder: Path, definition: Fields, *options: str) -> Fields:
    file = write(folder, "m.asl.json", json.dumps(definition, indent=2))
    run("adopt", str(file), *(options or OPTIONS), "-o", str(folder / "new.asl.json"))
    return json.loads((folder / "new.asl.json").read_text())  # type: ignore[no-any-return]


def states_in(definition: Fields) -> dict[str, Fields]:
    """Return all states, those of bodies and branches among them."""
    found: dict[str, Fields] = {}
    for name, state in definition["States"].items():
        found[name] = state
        for inner in [state.get("ItemProcessor"), *state.get("Branches", [])]:
            found |= states_in(inner) if inner else {}
    return found


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
    assert "No state of it passes the limit" in ran.out
    assert (folder / "new").read_bytes() == file.read_bytes()


def test_yaml_and_json_become_the_same_machine(run: Run, folder: Path) -> None:
    made = {}
    for form, written in FORMS.items():
        file = write(folder, form, written(LOOP))
        run("adopt", str(file), *OPTIONS, "-o", str(folder / f"new {form}"))

        new = (folder / f"new {form}").read_text("utf-8-sig").replace("\t", " ")
        made[form] = json.loads(json.dumps(yaml.safe_load(new)))

    assert made == dict.fromkeys(FORMS, made["one line.json"])


def test_state_stands_before_the_one_it_protects_on_all_edges(run: Run, folder: Path) -> None:
    made = adopted(run, folder, LOOP)

    (name,) = [name for name, state in made["States"].items() if "action" in json.dumps(state)]
    inserted = made["States"][name]
    target = inserted["Next"]
    edges = re.findall(rf'"(?:Next|Default|StartAt)": "{re.escape(target)}"', json.dumps(made))
    assert edges == [f'"Next": "{target}"']
    assert inserted["Parameters"]["Payload"]["action"] == "offload"
    assert inserted["OutputPath"] == "$.Payload.document"


def test_one_state_is_enough_for_a_chain_and_takes_the_catch_of_its_neighbour(
    run: Run, folder: Path
) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Undo"}]
    steps = {f"S{n}": task(f"f{n}", ResultPath=f"$.s{n}", Catch=catch) for n in range(5)}
    definition = machine({**steps, "Done": {"Type": "Succeed"}, "Undo": {"Type": "Fail"}})

    made = adopted(run, folder, definition)

    (inserted,) = (state for name, state in made["States"].items() if name.startswith("Offload"))
    assert inserted["Catch"] == catch
    assert inserted["Retry"] == RETRIES


def test_machine_of_twelve_states_of_which_three_can_grow_takes_at_most_three(
    run: Run, folder: Path
) -> None:
    states: dict[str, Fields] = {}
    for n in range(12):
        grows = n % 4 == 0
        name = "aws-sdk:s3:listObjectsV2" if grows else "sqs:sendMessage"
        states[f"S{n}"] = service(name, {"QueueUrl": "q"}, ResultPath=f"$.s{n}")

    made = adopted(
        run, folder, machine(states), "--input-bytes", "32768", "--answer-bytes", "100000"
    )

    inserted = [name for name in made["States"] if name.startswith("Offload")]
    assert 1 <= len(inserted) <= 3


def test_results_of_a_map_are_offloaded_at_the_end_of_its_body(run: Run, folder: Path) -> None:
    body = adopted(run, folder, FAN)["States"]["Each"]["ItemProcessor"]["States"]

    assert body["Do"]["Next"] == "Offload after Do"
    assert "End" not in body["Do"]
    end = body["Offload after Do"]
    assert (end["End"], end["Parameters"]["Payload"]["at_most"]) == (True, 1024)


def test_end_of_a_body_has_no_catch_where_a_handler_reads_what_was_replaced(
    run: Run, folder: Path
) -> None:
    def body(handler: Fields) -> Fields:
        catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]
        states = {
            "Do": task("Do", ResultPath="$.did", Catch=catch, End=True),
            "Tell": {**handler, "End": True},
        }
        return {"StartAt": "Do", "States": states}

    for reads, is_caught in (("$.did", False), ("$.error", True)):
        handler = service("sqs:sendMessage", {"MessageBody.$": reads}, ResultPath=None)
        definition = machine({"Each": mapping(body(handler), ItemsPath="$.l", ResultPath="$.r")})
        inner = adopted(run, folder, definition)["States"]["Each"]["ItemProcessor"]["States"]
        ends = [state for name, state in inner.items() if name.startswith("Offload after")]
        assert [("Catch" in state) for state in ends] in ([is_caught], [False])
        (folder / "new.asl.json").unlink()


def test_jsonata_state_offloads_in_jsonata(run: Run, folder: Path) -> None:
    made = adopted(run, folder, JSONATA)

    (inserted,) = (state for name, state in made["States"].items() if name.startswith("Offload"))
    assert inserted["Output"] == "{% $states.result.Payload.document %}"
    assert inserted["Arguments"]["Payload"]["document"] == "{% $states.input %}"


def context_in(expression: str) -> Fields:
    """Return the ClientContext that an expression makes, for an execution named x."""
    text = re.findall(r"States\.Format\('(.*)', \$\$\.Execution\.Id\)", expression)[0]
    filled = re.sub(r"(?<!\\)\{\}", "x", text)
    return json.loads(re.sub(r"\\(.)", r"\1", filled))["custom"]  # type: ignore[no-any-return]


def test_decorated_handler_is_told_the_owner_and_what_stays_plain(run: Run, folder: Path) -> None:
    definition = machine(
        {
            "S": task("f", ResultPath="$.r"),
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.r.Payload['a b'].x", "IsString": True, "Next": "E"}],
                "Default": "E",
            },
            "E": {"Type": "Succeed"},
        }
    )

    parameters = adopted(run, folder, definition)["States"]["S"]["Parameters"]

    context = context_in(parameters["ClientContext.$"])
    assert context == {
        "by": "statebag adopt",
        "execution_id": "x",
        "at_most": 61440,
        "plain": ["a b.x"],
    }
    assert len(base64.b64encode(json.dumps(context).encode())) < 3583


def test_context_of_somebody_else_is_left_alone(run: Run, folder: Path) -> None:
    parameters = {"FunctionName": "f", "ClientContext": "e30=", "Payload.$": "$"}
    file = write(folder, "m.json", json.dumps(machine({"S": {**task(), "Parameters": parameters}})))

    ran = run("adopt", str(file), *OPTIONS)

    assert "not told who owns its objects: it has a ClientContext of its own" in ran.out


def test_name_that_would_be_too_long_is_cut_and_no_name_is_taken_twice(
    run: Run, folder: Path
) -> None:
    long = "n" * 78
    states = {f"{long}{n}": task(f"f{n}", ResultPath=f"$.s{n}") for n in range(9)}

    made = adopted(run, folder, machine(states))

    inserted = [name for name in made["States"] if name.startswith("Offload")]
    assert len(set(inserted)) == len(inserted) > 1
    assert max(map(len, inserted)) == 80


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


def test_service_that_is_sent_what_a_handler_answers_is_named(run: Run, folder: Path) -> None:
    mail = service("events:putEvents", {"Entries": [{"Detail.$": "$.r.Payload.report"}]})
    definition = machine({"Ask": task("ask", ResultPath="$.r"), "Send": mail})
    file = write(folder, "m.json", json.dumps(definition))

    ran = run("adopt", str(file), *OPTIONS)

    assert '"Send" reads $.Payload.report of "Ask" in place' in ran.err
    assert "@large_payloads between" in ran.err


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


def test_retries_are_those_of_the_stacks_own_machine() -> None:
    states = json.loads(STACK.read_text())["States"].values()

    syncing = [
        state
        for state in states
        if state.get("Parameters", {}).get("Payload", {})
        and state["Parameters"]["Payload"].get("action") == "sync"
    ]

    assert syncing
    assert all(state["Retry"] == RETRIES for state in syncing)
