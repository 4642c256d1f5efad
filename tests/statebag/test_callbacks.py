import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from statebag.commands import callbacks
from tests.statebag.cloud import BUCKET, FUNCTION, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.states import CONTEXT, RUN, decoded, key_prefix
from universal_sync_core import store_to_s3, universal_sync_core
from universal_sync_core.storage.store import MOST_RECORD_BYTES, Location

TOKEN = "AQCEAAAAKgAAAAMAAAAA"  # noqa: S105 - nobody's
FIRST, SECOND = (hashlib.sha256(f"{TOKEN}{n}".encode()).hexdigest() for n in (1, 2))


def put(cloud: FakeCloud, name: str, content: Any, execution_id: str = RUN) -> None:
    location = Location(BUCKET, f"{key_prefix(execution_id)}callbacks/{name}")
    cloud.memory.put(location, json.dumps(content).encode())


def record(number: int, prompt: Any, at: str, execution_id: str = RUN) -> dict[str, Any]:
    token = f"{TOKEN}{number}"
    return {
        "callback_id": hashlib.sha256(token.encode()).hexdigest(),
        "callback_type": "human",
        "execution_id": execution_id,
        "prompt": prompt,
        "state_revision": 5,
        "task_token": token,
        "requested_at": at,
    }


@pytest.fixture(autouse=True)
def asked(cloud: FakeCloud) -> None:
    """Two callbacks, the first of which was answered."""
    cloud.states.add("run-1", "RUNNING", input={})
    put(cloud, f"{FIRST}.json", record(1, "Publish?", "2025-06-01T10:00:00+00:00"))
    put(cloud, f"{FIRST}.answer.json", {"outcome": "success", "output": {"approved": True}})
    put(cloud, f"{FIRST}.delivered.json", {"delivered_at": "2025-06-01T10:05:00+00:00"})
    prompt = store_to_s3({"question": "Which?", "password": "hunter2"}, CONTEXT)
    put(cloud, f"{SECOND}.json", record(2, prompt, "2025-06-01T11:00:00+00:00"))
    cloud.functions.answer = {"callback_id": SECOND, "outcome": "success", "status": "delivered"}


def test_callbacks_of_an_execution(run: Run, golden: Callable[[str], None]) -> None:
    golden(run("callbacks", "list", RUN, "--all").out)


def test_only_what_waits_is_listed(run: Run) -> None:
    found = decoded(run("callbacks", "list", RUN, "--json").out)

    assert [(each["callback_id"], each["status"]) for each in found] == [(SECOND, "waiting")]


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        (("answer",), "answered"),
        (("answer", "expired"), None),
        (("answer", "expired", "token-2"), "waiting"),
        (("answer", "delivered"), None),
    ],
)
def test_what_still_waits_is_listed_whatever_became_of_an_answer(
    run: Run, cloud: FakeCloud, marks: tuple[str, ...], status: str | None
) -> None:
    for mark in marks:
        put(cloud, f"{SECOND}.{mark}.json", {"claim": 1, "tries": 1})

    found = decoded(run("callbacks", "list", RUN, "--json").out)

    assert [each["status"] for each in found] == ([status] if status else [])


def test_callbacks_of_the_whole_bucket(run: Run, cloud: FakeCloud) -> None:
    other = arn_of("run-2")
    asked = record(3, "And this?", "2025-06-01T09:00:00+00:00", other)
    put(cloud, f"{asked['callback_id']}.json", asked, other)
    put(cloud, f"packs/{SECOND}.delivered.json", {})  # as a worker could, by its policy alone

    found = decoded(run("callbacks", "list", "--bucket", BUCKET, "--json").out)

    assert {each["execution_id"] for each in found} == {RUN, other}


def test_bucket_is_asked_for_where_nothing_tells_it(run: Run) -> None:
    ran = run("callbacks", "list")

    assert ran.code == 3
    assert "--bucket" in ran.err


@pytest.mark.parametrize(
    "command", [("list", RUN, "--all"), ("show", RUN, FIRST), ("show", RUN, SECOND)]
)
@pytest.mark.parametrize("options", [(), ("--json",), ("--no-mask",)])
def test_token_is_never_shown(run: Run, command: tuple[str, ...], options: tuple[str, ...]) -> None:
    ran = run("callbacks", *command, *options)

    assert ran.code == 0
    assert TOKEN not in ran.out + ran.err


def test_large_prompt_is_read_and_masked(run: Run) -> None:
    (told,) = decoded(run("callbacks", "show", RUN, SECOND[:8], "--json").out)

    assert told["prompt"] == {"question": "Which?", "password": "***"}


def test_approval_goes_through_the_function(run: Run, cloud: FakeCloud) -> None:
    ran = run("callbacks", "approve", RUN, SECOND[:8], "--output", '{"choice": 3}')

    assert (ran.code, ran.out) == (0, "success: delivered\n")
    assert cloud.functions.invoked == [
        {
            "function": FUNCTION,
            "action": "submit_callback",
            "callback_id": SECOND,
            "execution_id": RUN,
            "outcome": "success",
            "output": {"choice": 3},
        }
    ]


def examples_of_help() -> list[str]:
    """Return the default answer, and those in the examples of `approve` and its group."""
    default = next(each for each in callbacks.approve.params if each.name == "output").default
    texts = f"{callbacks.command.help}{callbacks.approve.help}"
    return [default, *re.findall(r"--output '([^']+)'", texts)]


@pytest.mark.parametrize("answer", examples_of_help())
def test_answer_that_help_names_is_found_where_workers_read(answer: str) -> None:
    waiting = universal_sync_core(None, {"current_state": {"approval": {}}}, CONTEXT)

    merged = universal_sync_core(waiting, {"callback_result": json.loads(answer)}, CONTEXT)

    assert "approved" in merged["current_state"]["approval"]
    assert "approved" not in merged


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "merged into the bag: current_state.approval"),
        (
            '{"current_state": {"a": 1, "b": 2}, "note": 3}',
            ": current_state.a, current_state.b, note",
        ),
        ('{"approved": true}', "at the top of the bag, beside current_state: approved"),
        ('"yes"', "as raw_result"),
        ("{}", "merged into the bag: nothing"),
    ],
)
def test_approval_tells_where_the_answer_lands(run: Run, answer: str | None, said: str) -> None:
    ran = run("callbacks", "approve", RUN, SECOND[:8], *(["--output", answer] if answer else []))

    assert (ran.code, ran.out) == (0, "success: delivered\n")
    assert said in ran.err


@pytest.mark.parametrize(("answered", "said"), [(1, "1 callback waits"), (2, "0 callbacks wait ")])
def test_waiting_callbacks_are_counted(
    run: Run, cloud: FakeCloud, answered: int, said: str
) -> None:
    if answered == 2:
        put(cloud, f"{SECOND}.answer.json", {"outcome": "success", "output": 1})
        put(cloud, f"{SECOND}.delivered.json", {"delivered_at": "2025-06-01T10:05:00+00:00"})

    assert said in run("callbacks", "list", RUN).err


def test_rejection_is_a_failure_of_the_waiting_state(run: Run, cloud: FakeCloud) -> None:
    assert run("callbacks", "reject", RUN, SECOND[:8], "--cause", "over budget").code == 0

    (invoked,) = cloud.functions.invoked
    answer = {name: invoked[name] for name in ("outcome", "error", "cause")}
    assert answer == {"outcome": "failure", "error": "Rejected", "cause": "over budget"}


def test_second_answer_is_explained(run: Run, cloud: FakeCloud) -> None:
    cloud.functions.error = "CallbackAlreadyAnsweredError"

    ran = run("callbacks", "approve", RUN, FIRST)

    assert ran.code == 7
    assert "The first answer counts" in ran.err


def test_unknown_callback(run: Run) -> None:
    assert run("callbacks", "approve", RUN, "ffff").code == 3


def test_answer_that_is_no_json(run: Run, cloud: FakeCloud) -> None:
    assert run("callbacks", "approve", RUN, SECOND[:8], "--output", "yes").code == 2
    assert cloud.functions.invoked == []


def test_answer_that_was_refused_is_none(run: Run, cloud: FakeCloud) -> None:
    put(cloud, f"{SECOND}.answer.json", {"outcome": "success", "output": 1, "seal": "0"})
    put(cloud, f"{SECOND}.refused.json", {"reason": "InvalidOutput", "seal": "0"})
    (told,) = decoded(run("callbacks", "list", RUN, "--json").out)
    assert (told["status"], told["answer"]) == ("waiting", None)

    put(cloud, f"{SECOND}.answer-2.json", {"outcome": "success", "output": 2, "seal": "0"})
    (told,) = decoded(run("callbacks", "show", RUN, SECOND, "--json").out)
    assert (told["status"], told["answer"]) == ("answered", {"outcome": "success", "output": 2})


GOOD = record(7, "lunch?", "2025-06-01T10:00:00+00:00")
WRONG: list[Any] = [
    [],
    {},
    None,
    "text",
    GOOD | {"execution_id": arn_of("victim")},
    GOOD | {"execution_id": None},
    GOOD | {"task_token": "of another callback"},
    GOOD | {"task_token": "\ud800"},
    GOOD | {"requested_at": 5},
    GOOD | {"callback_type": ["human"]},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_record_that_is_not_its_own_is_shown_and_not_answered(
    run: Run, cloud: FakeCloud, wrong: Any
) -> None:
    put(cloud, f"{GOOD['callback_id']}.json", wrong)

    found = decoded(run("callbacks", "list", "--bucket", BUCKET, "--json").out)
    assert {each["callback_id"]: (each["status"], each["execution_id"]) for each in found} == {
        SECOND: ("waiting", RUN),
        GOOD["callback_id"]: ("unreadable", RUN),
    }
    assert run("callbacks", "show", RUN, GOOD["callback_id"]).code == 0
    ran = run("callbacks", "approve", RUN, GOOD["callback_id"])
    assert (ran.code, cloud.functions.invoked) == (7, [])
    assert "does not belong to this callback" in ran.err


@pytest.mark.parametrize("body", [b"\xff", b" " * (MOST_RECORD_BYTES + 1)], ids=["text", "size"])
def test_object_that_is_no_record_stops_no_list(run: Run, cloud: FakeCloud, body: bytes) -> None:
    location = Location(BUCKET, f"{key_prefix(RUN)}callbacks/{'d' * 64}.json")
    cloud.memory.put(location, body)

    assert "unreadable" in run("callbacks", "list", RUN).out
