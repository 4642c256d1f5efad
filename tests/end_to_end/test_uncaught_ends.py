"""Ends that no state can catch leave a record all the same, and are resumed from it."""

from tests.end_to_end.workflow import Json, Workflows, folded

FIRST: Json = {"current_state": {"services": {"listed": 416}}}
LAST: Json = {"status": "COMPLETE"}


def test_execution_that_was_stopped_is_resumed(workflows: Workflows) -> None:
    asks: Json = {"status": "PAUSED_FOR_HITP"}
    value = {"segments": [FIRST, asks, LAST]}
    stopped = workflows.start(value)
    request = workflows.request(stopped)
    stopped.stop()

    path = workflows.recorded(stopped)

    record = workflows.read(path)
    assert (record["error"], record["stage"]) == ("ExecutionAborted", "WaitForCallback")
    resumed = workflows.start({"resume_from": path})
    workflows.submit(
        workflows.request_after(request), "success", output={"current_state": {"a": 1}}
    )
    state = workflows.final_state(resumed.wait())
    assert state == folded(value, FIRST, asks, {"current_state": {"a": 1}}, LAST)


def test_result_that_fits_its_task_and_not_beside_the_bag_is_recorded(
    workflows: Workflows, with_worker: str
) -> None:
    # A result comes with what Lambda says of the request: about 1 KB that the bag is larger than.
    first = {"current_state": {"filler": "x" * 8_000}}
    value = {"segments": [first, {"worker": "answers", "bytes": 258_000}, LAST]}
    failed = workflows.run(value, with_worker)
    assert failed.error == "States.DataLimitExceeded"

    asked = {"action": "record_end", "execution_arn": failed.arn}
    path = workflows.cloud.invoke(asked)["failure"]["record_s3_path"]

    assert workflows.read(path)["stage"] == "RunSegment"
    segments: list[Json] = [first, {"current_state": {"mended": True}}, LAST]
    resumed = workflows.run({"resume_from": path, "segments": segments}, with_worker)
    assert workflows.final_state(resumed) == folded({"segments": segments}, *segments)
