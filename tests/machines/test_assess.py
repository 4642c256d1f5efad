"""`statebag assess`, as a person and as a program see it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.machines.adopting import MACHINES, OPTIONS
from tests.machines.building import Fields, machine, mapping, service, task
from tests.statebag.cloud import MACHINE, FakeCloud
from tests.statebag.conftest import Ran, Run
from tests.statebag.histories import History

CHAIN = machine(
    {f"Step {number}": task(f"Step{number}", ResultPath=f"$.step{number}") for number in range(5)}
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.asl.json"


def assess(run: Run, file: Path, definition: Fields, *options: str) -> Ran:
    file.write_text(json.dumps(definition, indent=2))
    return run("assess", str(file), *options)


def findings(run: Run, file: Path, definition: Fields, *options: str) -> list[dict[str, Any]]:
    ran = assess(run, file, definition, "--input-bytes", "32768", "--json", *options)
    return json.loads(ran.out)[0]["assessments"][0]["findings"]  # type: ignore[no-any-return]


def test_machine_that_keeps_within_the_limit_is_good(run: Run, file: Path) -> None:
    ran = assess(run, file, machine({"S": task()}), "--input-bytes", "32768")

    assert ran.code == 0
    assert "no state exceeds the limit" in ran.out


def test_state_that_passes_the_limit_is_told_with_what_to_do(run: Run, file: Path) -> None:
    ran = assess(run, file, CHAIN, "--input-bytes", "32768", "--decorated", "*")

    assert ran.code == 1
    assert "Step 3: the document after it" in ran.out
    assert 'offload: one state before "Step 3"' in ran.out


@pytest.mark.parametrize("name", MACHINES)
def test_adopted_machine_passes_the_limit_nowhere(run: Run, file: Path, name: str) -> None:
    new = file.with_name("new.json")
    assert assess(run, file, MACHINES[name], *OPTIONS).code == 1
    assert run("adopt", str(file), *OPTIONS, "-o", str(new)).code == 0

    ran = run("assess", str(new), *OPTIONS)

    assert ran.code == 0
    assert "no state exceeds the limit" in ran.out


def test_small_value_of_a_large_input_is_not_taken_for_all_of_it(run: Run, file: Path) -> None:
    keys = dict.fromkeys(("Bucket.$", "Prefix.$"), "$$.Execution.Input.place")
    sends = service("aws-sdk:s3:listObjectsV2", keys, ResultPath=None)

    assert assess(run, file, machine({"S": sends}), "--input-bytes", "200000").code == 0


def test_without_the_size_of_inputs_both_ends_are_told(run: Run, file: Path) -> None:
    ran = assess(run, file, machine({"S": task(ResultPath="$.r")}))

    assert ran.code == 0
    assert "inputs up to 32.0 KiB, no state" in ran.out
    assert "inputs up to 256.0 KiB, 1 state" in ran.out
    assert "--input-bytes" in ran.err


def test_what_a_decorated_handler_saves_is_told(run: Run, file: Path) -> None:
    ran = assess(run, file, CHAIN, "--input-bytes", "32768")

    assert "Decorating all 5 handlers leaves 1 offload state to insert." in ran.out


@pytest.mark.parametrize("command", ["assess", "adopt"])
@pytest.mark.parametrize(
    ("name", "is_known"),
    [("S", True), ("Fn", True), ("*", True), ("s", False), ("Q", False), ("Fnn", False)],
)
def test_decorated_handler_that_nothing_calls_is_named(
    run: Run, file: Path, command: str, name: str, *, is_known: bool
) -> None:
    """Q is a state that calls a service."""
    states = {"Q": service("aws-sdk:s3:listObjectsV2", {}, ResultPath=None), "S": task()}
    states["S"]["Parameters"]["FunctionName"] = "${Fn}"
    file.write_text(json.dumps(machine(states)), encoding="utf-8")

    ran = run(command, str(file), "--decorated", name, "--input-bytes", "1000")

    assert ran.code == 0
    told = f'--decorated {name} names no handler here. States that call a function: "S".'
    assert (told in ran.err) != is_known


def test_map_is_told_at_how_many_items_it_ends(run: Run, file: Path) -> None:
    body = machine({"I": service("aws-sdk:s3:listObjectsV2", {})})

    (found,) = findings(run, file, machine({"M": mapping(body, ItemsPath="$.l")}))

    assert found["what"] == "its results"
    assert found["when"] == "beyond about 4 items of 60 KiB each"
    assert "end of its body" in found["advice"]


def test_loop_is_told_after_how_many_rounds_it_ends(run: Run, file: Path) -> None:
    definition = machine(
        {
            "Poll": task("Poll", ResultPath="$.r"),
            "Keep": {"Type": "Pass", "Parameters": {"all.$": "States.Array($.all, $.r)"}},
            "Done?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.all", "IsPresent": True, "Next": "Poll"}],
                "Default": "End",
            },
            "End": {"Type": "Succeed"},
        }
    )

    found = findings(run, file, definition, "--answer-bytes", "8192", "--decorated", "Poll")

    assert found[0]["when"] == "after about 3 rounds of 62 KiB each"


def test_service_that_reads_a_value_without_bound_is_named_with_a_way_out(
    run: Run, file: Path
) -> None:
    states = {f"S{number}": task(ResultPath=f"$.r{number}") for number in range(5)}
    mailed = service("sns:publish", {"Message.$": "$"})

    found = findings(run, file, machine({**states, "Mail": mailed}), "--decorated", "*")

    assert all(each["refused"] for each in found)
    assert '"Mail" reads it in place' in found[0]["advice"]
    assert "@large_payloads" in found[0]["advice"]


def test_hint_names_the_parameter_that_bounds_a_page(run: Run, file: Path) -> None:
    ran = assess(run, file, machine({"Q": service("aws-sdk:dynamodb:query", {"TableName": "t"})}))

    assert 'Hint: "Q": bound the pages of dynamodb:query with Limit.' in ran.out


def test_machines_of_a_template_are_assessed_each(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    one = "Definition: {StartAt: A, States: {A: {Type: Succeed}}}"
    file.write_text(f"Resources:\n  One: {{{one}}}\n  Two: {{{one}}}\n")

    ran = run("assess", str(file), "--json")

    assert [each["line"] for each in json.loads(ran.out)] == [2, 3]


INVALID: dict[str, tuple[Fields, str]] = {
    "a target that is not there": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
        "Next names a state that does not exist beside it: B",
    ),
    "a start that is not there": (
        {"StartAt": "B", "States": {"A": {"Type": "Succeed"}}},
        "StartAt names a state that does not exist",
    ),
    "a type that is not known": (
        {"StartAt": "A", "States": {"A": {"Type": "Do"}}},
        "has no Type of",
    ),
    "a state without an end": (
        {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
        "neither Next nor End",
    ),
    "a field among the states": (
        {"StartAt": "A", "States": {"QueryLanguage": "JSONata", "A": {"Type": "Succeed"}}},
        "not a state",
    ),
    "a map without a body": (
        {"StartAt": "A", "States": {"A": {"Type": "Map", "End": True}}},
        "has no ItemProcessor",
    ),
}


@pytest.mark.parametrize(("definition", "said"), INVALID.values(), ids=INVALID)
def test_definition_that_aws_would_refuse_is_refused_by_line(
    run: Run, file: Path, definition: Fields, said: str
) -> None:
    ran = assess(run, file, definition)

    assert ran.code == 7
    assert said in ran.err
    assert "line " in ran.err


def test_deployed_machine_is_measured(run: Run, cloud: FakeCloud) -> None:
    cloud.states.machines[MACHINE] = machine({"S": task(ResultPath="$.r")})
    history = History()
    history.add("ExecutionStarted", executionStartedEventDetails={"input": json.dumps("i" * 998)})
    history.enter("S", {"a": 1})
    history.add("TaskSucceeded", taskSucceededEventDetails={"output": json.dumps("o" * 4998)})
    history.leave({"a": 1, "r": "o"})
    cloud.states.add("run-1", events=history.events)

    ran = run("assess", MACHINE, "--json")

    (report,) = json.loads(ran.out)
    assert report["executions_seen"] == 1
    assert [each["input_bytes"] for each in report["assessments"]] == [1000]
    assert report["seen"]["S"]["answer_bytes"] == 5000


def test_rounds_of_a_loop_are_measured(run: Run, cloud: FakeCloud) -> None:
    cloud.states.machines[MACHINE] = machine({"S": task(ResultPath="$.r")})
    history = History()
    for size in (100, 200, 300):
        history.visit("S", "x" * size, "x")
    cloud.states.add("run-1", events=history.events)

    ran = run("assess", MACHINE, "--json")

    seen = json.loads(ran.out)[0]["seen"]["S"]
    assert (seen["rounds"], seen["growth_bytes"]) == (3, 100)


def test_definition_of_a_megabyte_is_assessed_before_the_test_has_to_end(
    run: Run, file: Path
) -> None:
    states = {
        f"State {number}": service(
            "sqs:sendMessage",
            {"MessageBody.$": f"$.order.part{number}", "Note": "n" * 850},
            ResultPath=f"$.sent.s{number}",
        )
        for number in range(1000)
    }

    ran = assess(run, file, machine(states), "--input-bytes", "32768", "--json")

    assert file.stat().st_size > 1_000_000
    assert ran.code == 1
