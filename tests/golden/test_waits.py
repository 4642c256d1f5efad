"""What version 1 kept of waits and ends: who waits is answered by this version, once."""

import json
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from tests.function.fakes import FakeStepFunctions, client_error
from tests.function.jobs import documented_jobs as told
from tests.golden import waits
from tests.golden.__main__ import WAITS
from universal_sync_core.errors import CallbackAlreadyAnsweredError
from universal_sync_core.retention.ended import record_in
from universal_sync_core.retention.members import digest_of, member_named
from universal_sync_core.storage import runtime

OBJECTS: dict[str, str] = json.loads(
    (Path(__file__).parent / "v1" / WAITS).read_text(encoding="utf-8")
)


def kept(folder: str) -> list[tuple[str, Any]]:
    """Return the objects of a folder, by path."""
    return [(path, json.loads(text)) for path, text in OBJECTS.items() if f"/{folder}" in path]


def callback_of(token: str) -> str:
    """Return the id of the callback whose first try had a token."""
    (callback_id,) = (
        each["callback_id"]
        for _, each in kept("callbacks/")
        if "prompt" in each and each["task_token"] == token
    )
    return str(callback_id)


def test_the_answer_goes_to_the_last_try_of_a_wait() -> None:
    steps = FakeStepFunctions(failures=deque([client_error("SendTaskSuccess", "TaskTimedOut")]))
    with waits.stack(OBJECTS, steps):
        assert waits.answered(callback_of("token 1"))["status"] == "delivered"
    assert [sent["taskToken"] for _, sent in steps.taken] == ["token 2"]


def test_another_try_of_the_wait_is_the_same_callback() -> None:
    with waits.stack(OBJECTS, FakeStepFunctions()) as store:
        assert waits.asked("token 9", wait=waits.TRIED_TWICE) == callback_of("token 1")
    assert len(store.objects) == len(OBJECTS) + 1


def test_what_was_answered_is_not_answered_again() -> None:
    steps = FakeStepFunctions()
    with waits.stack(OBJECTS, steps), pytest.raises(CallbackAlreadyAnsweredError):
        waits.answered(callback_of("token 3"), output=2)
    assert steps.taken == []


def test_the_end_of_a_job_is_told_to_who_waited_before() -> None:
    steps = FakeStepFunctions()
    with waits.stack(OBJECTS, steps):
        waits.handled({"action": "job_ended", "event": told.glue("SUCCEEDED")})
    assert [sent["taskToken"] for _, sent in steps.taken] == ["token 4"]


def test_a_job_that_had_ended_is_told_to_who_waits_now() -> None:
    steps = FakeStepFunctions()
    with waits.stack(OBJECTS, steps):
        waits.asked("token 9", callback_type="async", job=told.BATCH_JOB)
    assert [sent["taskToken"] for _, sent in steps.taken] == ["token 9"]


def test_ends_and_marks_of_executions_are_read() -> None:
    ((path, record),) = kept("ended/20")
    assert record_in(OBJECTS[path].encode(), path) == record
    with waits.stack(OBJECTS, FakeStepFunctions()):
        arn = record["execution_arn"]
        assert member_named(runtime.current(), waits.OWNER, digest_of(arn)) == arn


def test_what_is_kept_today_has_the_same_forms() -> None:
    made = waits.made()
    assert made.keys() == OBJECTS.keys()
    forms = [
        {path: sorted(json.loads(text)) for path, text in objects.items()}
        for objects in (made, OBJECTS)
    ]
    assert forms[0] == forms[1]
