"""Jobs that do not call back: the event of the end answers the wait, whichever comes first."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from actions import app, jobs_app
from contract.callback_models import JobEndedEvent, RequestCallbackEvent
from jobs import waits
from jobs.events import KINDS
from tests.function.expected import BUCKET
from tests.function.fakes import TOKEN, FakeEventBus, FakeStepFunctions, client_error
from tests.function.jobs import documented_jobs as told
from tests.function.lambda_context import FakeLambdaContext
from universal_sync_core import first_bag, hydrate_state, universal_sync_core
from universal_sync_core.errors import (
    InvalidRequestError,
    PointerNotAllowedError,
    StoredDataError,
    StoreUnavailableError,
    UnknownActionError,
)
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.memory_store import MemoryStore
from universal_sync_core.storage.store import Location, StoredObject

pytestmark = pytest.mark.usefixtures("store", "bus", "stepfunctions")

EXECUTION_ID = "run 1"
OTHER = "jr_" + "9" * 64


@pytest.fixture(autouse=True)
def rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack has the rule for the ends of jobs."""
    monkeypatch.setattr(waits, "_HAS_RULE", True)


def keys(store: MemoryStore, start: str = "") -> list[str]:
    return sorted(place.key for place in store.objects if place.key.startswith(start))


def waiting_bag(job: Any = told.RUN, **more: Any) -> Any:
    bag = first_bag({"total_segments": 3}, {"execution_id": EXECUTION_ID})
    return universal_sync_core(bag, {"status": "ASYNC", "job": job, **more}, {"action": "sync"})


def wait(job: str = told.RUN, token: str = TOKEN, **fields: Any) -> Any:
    event = {"action": "request_callback", "state_data": waiting_bag(job), "task_token": token}
    given = event | {"callback_type": "async"} | fields
    return waits.request(RequestCallbackEvent.model_validate(given))


def end(event: told.Event) -> Any:
    given = {"action": "job_ended", "event": event}
    return waits.ended(JobEndedEvent.model_validate(given))


def answers(stepfunctions: FakeStepFunctions) -> list[str]:
    return [operation for operation, _ in stepfunctions.taken]


CASES = [(name, job) for name, (_, ids, _) in told.ENDS.items() for job in ids]


@pytest.mark.parametrize("is_event_first", [False, True], ids=["wait first", "event first"])
@pytest.mark.parametrize(("name", "job"), CASES)
def test_the_documented_end_of_a_job_answers_who_waits_for_it(
    stepfunctions: FakeStepFunctions, name: str, job: str, *, is_event_first: bool
) -> None:
    event, _, is_success = told.ENDS[name]
    if is_event_first:
        end(event)
    wait(job)
    if not is_event_first:
        end(event)
    ((operation, sent),) = stepfunctions.taken
    assert sent["taskToken"] == TOKEN
    assert operation == ("SendTaskSuccess" if is_success else "SendTaskFailure")
    if is_success:
        result = json.loads(sent["output"])["job_result"]
        assert (result["job"], result["source"]) == (job, event["source"])
        assert "hunter2" not in sent["output"]
    else:
        assert sent["error"].startswith("Job.")
        assert job in sent["cause"]


@pytest.mark.parametrize("name", told.GOING_ON)
def test_what_ends_no_job_answers_nobody_and_leaves_nothing(
    store: MemoryStore, stepfunctions: FakeStepFunctions, name: str
) -> None:
    wait()
    before = keys(store)
    assert end(told.GOING_ON[name]) == {"job": None, "state": None, "waiting": 0}
    assert (answers(stepfunctions), keys(store)) == ([], before)


def test_a_job_that_nobody_waits_for_answers_nobody(stepfunctions: FakeStepFunctions) -> None:
    wait()
    assert end(told.glue("SUCCEEDED", OTHER))["waiting"] == 0
    assert answers(stepfunctions) == []


def test_the_reason_and_the_state_are_told(stepfunctions: FakeStepFunctions) -> None:
    wait(told.QUERY)
    end(told.ENDS["query that fails"][0])
    ((_, sent),) = stepfunctions.taken
    assert sent["error"] == "Job.FAILED"
    assert sent["cause"].endswith("has ended as FAILED. no such table")


def test_the_same_event_twice_is_one_answer(
    store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    wait()
    end(told.glue("SUCCEEDED"))
    before = keys(store)
    assert end(told.glue("SUCCEEDED"))["waiting"] == 1
    assert (answers(stepfunctions), keys(store)) == (["SendTaskSuccess"], before)


def test_a_wait_that_is_tried_again_is_kept_once(store: MemoryStore) -> None:
    for token in ("first", "second"):
        wait(token=token, wait="WaitForJob 09:00")
    assert len(keys(store, "jobs/waiting/")) == 1


def test_two_workflows_wait_for_one_job(
    stepfunctions: FakeStepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(token="first")  # noqa: S106 - it opens nothing
    wait(token="second")  # noqa: S106
    monkeypatch.setattr(stepfunctions, "closed", False)
    taken = stepfunctions._take

    def take(*args: Any, closes: bool) -> Any:
        assert closes
        return taken(*args, closes=False)

    monkeypatch.setattr(stepfunctions, "_take", take)
    assert end(told.glue("SUCCEEDED"))["waiting"] == 2
    assert [sent["taskToken"] for _, sent in stepfunctions.taken] == ["first", "second"]


def test_one_that_cannot_be_answered_now_keeps_no_other_from_its_answer(
    stepfunctions: FakeStepFunctions,
) -> None:
    wait(token="first")  # noqa: S106
    wait(token="second")  # noqa: S106
    stepfunctions.failures.append(client_error("SendTaskSuccess", "ServiceUnavailable", 503))
    with pytest.raises(StoreUnavailableError):
        end(told.glue("SUCCEEDED"))
    assert [sent["taskToken"] for _, sent in stepfunctions.taken] == ["second"]
    stepfunctions.closed = False
    end(told.glue("SUCCEEDED"))
    assert [sent["taskToken"] for _, sent in stepfunctions.taken] == ["second", "first"]


def test_a_wait_that_is_over_takes_no_end(stepfunctions: FakeStepFunctions) -> None:
    wait()
    stepfunctions.closed = True
    assert end(told.glue("SUCCEEDED"))["waiting"] == 1
    assert answers(stepfunctions) == []


def test_of_a_job_that_was_started_again_the_last_end_counts(
    stepfunctions: FakeStepFunctions,
) -> None:
    later = {**told.execution("SUCCEEDED", output="5"), "time": "2026-10-07T09:30:10Z"}
    # The first is told again, late.
    for event in (told.execution("FAILED"), later, told.execution("FAILED")):
        end(event)
    wait(told.EXECUTION)
    assert answers(stepfunctions) == ["SendTaskSuccess"]


def test_where_a_callback_waits_is_looked_up_and_not_believed(
    store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    """What points to somebody's wait makes no other job end it."""
    asked = wait(OTHER)
    forged = {"execution_id": EXECUTION_ID, "callback_id": asked["callback_id"]}
    (key,) = keys(store, "jobs/waiting/")
    end(told.glue("STOPPED"))
    (ended,) = keys(store, "jobs/ended/")
    digest = ended.split("/")[2]
    assert digest not in key
    place = Location("state-bucket", f"jobs/waiting/{digest}/1.json")
    store.put(place, json.dumps(forged).encode())
    missing = Location("state-bucket", f"jobs/waiting/{digest}/2.json")
    store.put(missing, json.dumps({"execution_id": "gone", "callback_id": "0" * 64}).encode())
    assert end(told.glue("SUCCEEDED"))["waiting"] == 0
    assert answers(stepfunctions) == []


@pytest.mark.parametrize("source", ["my.app", "aws", "universal-sync-core", "aws.glue.evil", ""])
def test_an_event_of_no_service_is_refused(source: str) -> None:
    event = {"action": "job_ended", "event": {**told.glue("SUCCEEDED"), "source": source}}
    with pytest.raises(InvalidRequestError) as caught:
        jobs_app.resolve(event, FakeLambdaContext())
    assert caught.value.field == "event.source"


def test_the_function_for_jobs_does_nothing_else() -> None:
    assert jobs_app.actions == ["job_ended"]
    assert "job_ended" not in app.actions
    with pytest.raises(UnknownActionError):
        jobs_app.resolve({"action": "submit_callback"}, FakeLambdaContext())


def test_a_stack_that_hears_of_no_job_says_so_at_once(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "_HAS_RULE", False)
    with pytest.raises(InvalidRequestError, match="JobSources") as caught:
        wait()
    assert (caught.value.field, keys(store)) == ("job", [])
    assert wait(state_data={"execution_id": EXECUTION_ID})["callback_id"]


def test_a_machine_of_your_own_names_the_job_in_the_event(
    stepfunctions: FakeStepFunctions,
) -> None:
    given = {"action": "request_callback", "callback_type": "async", "task_token": TOKEN}
    bag = {"execution_id": EXECUTION_ID}
    event = RequestCallbackEvent.model_validate(given | {"state_data": bag, "job": told.STEP})
    waits.request(event)
    end(told.step("COMPLETED"))
    assert answers(stepfunctions) == ["SendTaskSuccess"]


def test_what_an_execution_gives_is_merged_whatever_its_size(
    stepfunctions: FakeStepFunctions,
) -> None:
    bag, output = waiting_bag(told.EXECUTION), json.dumps({"rows": ["x" * 100] * 1_000})
    end(told.execution("SUCCEEDED", output=output))
    wait(told.EXECUTION)
    ((_, sent),) = stepfunctions.taken
    assert len(sent["output"]) < 61_440
    merged = universal_sync_core(bag, json.loads(sent["output"]), {"action": "merge_async"})
    assert hydrate_state(merged)["job_result"]["detail"]["output"] == output
    assert "awaited_job" not in merged


def test_execution_of_another_tenant_is_no_job_of_this_one(
    store: MemoryStore, stepfunctions: FakeStepFunctions
) -> None:
    """Its output is its state."""
    arn = told.EXECUTION.removesuffix("run-1")

    def asks(job: str) -> None:
        wait(job, TOKEN + job, state_data=waiting_bag(job) | {"execution_id": f"{arn}acme.1"})

    with runtime.use(settings=Settings(bucket=BUCKET, tenant_separator="."), store=store):
        for other in ("evil.1", "plain"):
            end(told.execution("SUCCEEDED", f"{arn}{other}", output="5"))
            with pytest.raises(PointerNotAllowedError, match="another tenant"):
                asks(f"{arn}{other}")
        assert stepfunctions.taken == []
        for own in (f"{arn}acme.2", told.RUN, told.EXECUTION.replace("nested", "other")):
            asks(own)


def test_a_job_needs_no_heartbeat_and_no_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    wait()
    end(told.glue("SUCCEEDED"))
    printed = capsys.readouterr().out
    assert "CallbacksRequested" in printed
    assert "CallbacksAnswered" in printed
    assert "CallbacksDue" not in printed


def test_the_announcement_names_the_job(bus: FakeEventBus) -> None:
    wait()
    (entry,) = bus.entries
    assert json.loads(entry["Detail"])["job"] == told.RUN


def test_the_rule_lets_through_what_ends_a_job_and_nothing_else() -> None:
    text = (Path(__file__).parents[3] / "template.yaml").read_text("utf-8")
    rule = yaml_parse(text)["Resources"]["JobEndedRule"]["Properties"]
    pattern = rule["EventPattern"]
    assert pattern["account"] == [{"Ref": "AWS::AccountId"}]
    matched = {
        kind: (field, set(states))
        for each in pattern["$or"]
        for kind in each["detail-type"]
        for field, states in each["detail"].items()
    }
    assert matched == {
        name: (kind.state, {*kind.succeeded, *kind.failed}) for name, kind in KINDS.items()
    }
    assert len(json.dumps(pattern)) < 2_048


@pytest.mark.parametrize("damaged", [b"{}", b"[]", b"7", b"null", b"no JSON", b'{"ids": 7}'])
def test_a_damaged_object_about_a_job_keeps_no_wait_from_its_answer(
    store: MemoryStore, stepfunctions: FakeStepFunctions, damaged: bytes
) -> None:
    event, (job, *_), _ = next(iter(told.ENDS.values()))
    digest = hashlib.sha256(job.encode()).hexdigest()
    for kind in ("waiting", "ended"):
        store.objects[Location(BUCKET, f"jobs/{kind}/{digest}/1.json")] = StoredObject(damaged)

    with pytest.raises(StoredDataError, match=r"JSON|does not have the form"):
        wait(job)  # an end that cannot be read may be the end of this job: nobody waits for ever
    end(event)

    assert answers(stepfunctions) == ["SendTaskSuccess"]
