"""What is taken from the event of a job's end, whatever forms its fields have."""

from typing import Any

import pytest

from contract.callback_models import ServiceEvent
from jobs.events import JobEnd, job_end
from tests.function.jobs import documented_jobs as told

POINTER = {"__s3_offloaded": True, "__s3_path": "s3://bucket/key"}
BEYOND = 2**70  # some JSON libraries alter it


def end_with(event: told.Event, **fields: Any) -> JobEnd:
    changed = {**event, "detail": event["detail"] | fields}
    end = job_end(ServiceEvent.model_validate(changed))
    assert end is not None
    return end


def test_half_of_a_character_in_a_reason_can_be_sent_as_a_cause() -> None:
    end = end_with(told.glue("FAILED"), message="stopped by \ud83d")
    assert end.reason == "stopped by \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("name", [POINTER, BEYOND, None, True, ["MyJob"]])
def test_field_of_another_form_is_not_told(name: Any) -> None:
    assert end_with(told.glue("SUCCEEDED"), jobName=name).detail == {}


@pytest.mark.parametrize("code", [POINTER, BEYOND, None, True, "0"])
def test_exit_code_that_is_no_number_is_not_told(code: Any) -> None:
    batch = end_with(told.batch("SUCCEEDED"), container={"exitCode": code})
    assert "exitCode" not in batch.detail
    task = end_with(told.ENDS["task"][0], containers=[{"name": "main", "exitCode": code}])
    assert task.detail["containers"] == [{"name": "main", "exitCode": None}]
    assert not task.is_success
