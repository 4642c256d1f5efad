"""What `statebag adopt` inserts: states, their place, and what they say."""

import base64
import json
import re
from pathlib import Path

import pytest

from statebag.machines.adopting.retries import RETRIES
from statebag.machines.planning.words import Words
from tests.machines.adopting import CHAIN, FAN, JSONATA, LOOP, OPTIONS, adopted, write
from tests.machines.building import Fields, machine, mapping, service, task, words_before
from tests.statebag.conftest import Run

STACK = Path(__file__).parents[2] / "statemachine" / "state_data_v3.asl.json"


def test_state_stands_before_the_one_it_protects_on_all_edges(run: Run, folder: Path) -> None:
    made = adopted(run, folder, LOOP)

    (name,) = [name for name, state in made["States"].items() if "action" in json.dumps(state)]
    inserted = made["States"][name]
    target = inserted["Next"]
    others = {other: state for other, state in made["States"].items() if other != name}
    assert not re.findall(rf'"(?:Next|Default|StartAt)": "{re.escape(target)}"', json.dumps(others))
    assert name in json.dumps(others)
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


def test_empty_values_in_a_catch_that_is_taken_over_stay_empty(run: Run, folder: Path) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Output": {"found": [], "kept": {}}, "Next": "Step 0"}]
    steps = {name: {**state, "Catch": catch} for name, state in JSONATA["States"].items()}

    made = adopted(run, folder, {**JSONATA, "States": steps})

    (inserted,) = (state for name, state in made["States"].items() if name.startswith("Offload"))
    assert inserted["Catch"] == catch


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_document_goes_on_as_it_is_where_nothing_could_be_offloaded(
    run: Run, folder: Path, language: str
) -> None:
    catch = [{"ErrorEquals": ["Refused"], "Next": "Done"}]
    chain = JSONATA if language == "JSONata" else CHAIN
    steps = {name: {**state, "Catch": catch} for name, state in chain["States"].items()}
    last = {**steps["Step 4"], "End": False, "Next": "Done"}
    definition = {**chain, "States": {**steps, "Step 4": last, "Done": {"Type": "Succeed"}}}

    made = adopted(run, folder, definition)

    (inserted,) = (state for name, state in made["States"].items() if name.startswith("Offload"))
    refused, unavailable = inserted["Catch"]
    assert refused == catch[0]
    assert "StoreUnavailableError" in unavailable["ErrorEquals"]
    assert "InvalidRequestError" not in unavailable["ErrorEquals"]
    assert unavailable["Next"] == inserted["Next"]
    unchanged = {"JSONata": {"Output": "{% $states.input %}"}, "JSONPath": {"ResultPath": None}}
    assert unavailable == unavailable | unchanged[language]


GROWING = 3


def of_twelve_states() -> Fields:
    """Return a machine in which three states bring in what has no bound."""
    states: dict[str, Fields] = {}
    for n in range(12):
        grows = n % (12 // GROWING) == 0
        name = "aws-sdk:s3:listObjectsV2" if grows else "sqs:sendMessage"
        states[f"S{n}"] = service(name, {"QueueUrl": "q"}, ResultPath=f"$.s{n}")
    return machine(states)


@pytest.mark.parametrize("answer_bytes", ["20000", "60000", "100000", "200000"])
@pytest.mark.parametrize("input_bytes", ["1000", "32768", "200000"])
def test_machine_of_twelve_states_of_which_three_can_grow_takes_at_most_three(
    run: Run, folder: Path, input_bytes: str, answer_bytes: str
) -> None:
    bounds = ("--input-bytes", input_bytes, "--answer-bytes", answer_bytes)

    made = adopted(run, folder, of_twelve_states(), *bounds)
    told = run("assess", str(folder / "m.asl.json"), *bounds)
    (assessed,) = json.loads(run("assess", str(folder / "m.asl.json"), *bounds, "--json").out)

    inserted = [name for name in made["States"] if name.startswith("Offload")]
    assert len(inserted) <= GROWING
    cost = assessed["assessments"][0]["offload_cost"]
    assert cost["passes"] == len(inserted)
    assert cost["usd_per_1000_executions"] == pytest.approx(0.0302 * len(inserted))
    assert ("Each execution then has at most" in told.out) == bool(inserted)


def test_cost_counts_each_item_of_a_map_and_tells_of_loops(run: Run, folder: Path) -> None:
    for definition, passes, is_looping in ((FAN, 40, False), (LOOP, 1, True)):
        file = write(folder, "m.json", json.dumps(definition))

        ran = run("assess", str(file), *OPTIONS, "--json")

        cost = json.loads(ran.out)[0]["assessments"][0]["offload_cost"]
        assert (cost["passes"], cost["looping"]) == (passes, is_looping)


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


def test_handler_whose_answer_is_read_whole_may_answer_all_that_fits_in_a_payload(
    run: Run, folder: Path
) -> None:
    body = machine({"S": task("f", OutputPath="$.Payload")})
    each = {**body, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}

    made = adopted(run, folder, machine({"M": mapping(each, ResultWriter=writer)}))

    state = made["States"]["M"]["ItemProcessor"]["States"]["S"]
    context = context_in(state["Parameters"]["ClientContext.$"])
    assert (context["at_most"], context["plain"]) == (262_144 - 1_536, ["$"])


def test_context_of_somebody_else_is_left_alone(run: Run, folder: Path) -> None:
    parameters = {"FunctionName": "f", "ClientContext": "e30=", "Payload.$": "$"}
    file = write(folder, "m.json", json.dumps(machine({"S": {**task(), "Parameters": parameters}})))

    ran = run("adopt", str(file), *OPTIONS)

    assert "cannot be told who owns its objects: it has a ClientContext of its own" in ran.out


def test_name_that_would_be_too_long_is_cut_and_no_name_is_taken_twice(
    run: Run, folder: Path
) -> None:
    long = "n" * 78
    states = {f"{long}{n}": task(f"f{n}", ResultPath=f"$.s{n}") for n in range(9)}

    made = adopted(run, folder, machine(states))

    inserted = [name for name in made["States"] if name.startswith("Offload")]
    assert len(set(inserted)) == len(inserted) > 1
    assert max(map(len, inserted)) == 80


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


def test_choice_in_jsonpath_inside_a_map_in_jsonata_keeps_what_it_reads() -> None:
    kinds = {"Variable": "$.kind", "StringEquals": "a", "Next": "E"}
    choice = {"Type": "Choice", "Choices": [kinds], "Default": "E"}
    body = machine({"C": choice, "E": {"Type": "Succeed"}})
    each = {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input.l %}"}

    words = words_before(machine({"M": {**each, "ItemProcessor": body}}), "M")

    assert words == Words(list=("l",), plain=("l[*].kind",))
