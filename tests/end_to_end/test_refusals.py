"""What a worker or an input may not say, and how a workflow then ends on the deployed stack."""

from tests.end_to_end.workflow import Json, Workflows


def test_result_that_stops_the_workflow_names_its_error(workflows: Workflows) -> None:
    stops: Json = {"status": "FAILED", "error": "NoStock", "cause": "none left"}
    failed = workflows.run({"segments": [{"current_state": {"order": 7}}, stops]})
    assert (failed.status, failed.error) == ("FAILED", "NoStock")
    assert (failed.cause or "").startswith("none left [record: ")
    record = workflows.record(failed)
    assert (record["stage"], record["error"], record["cause"]) == (
        "workflow",
        "NoStock",
        "none left",
    )


def test_input_with_a_status_starts_nothing(workflows: Workflows) -> None:
    refused = workflows.run({"orderId": 7, "status": "COMPLETE"})
    assert (refused.status, refused.error) == ("FAILED", "InvalidRequestError")
    assert "input.status is a control field" in (refused.cause or "")
    assert "RunSegment" not in workflows.states(refused)


def test_unknown_status_ends_the_workflow_by_name(workflows: Workflows) -> None:
    failed = workflows.run({"segments": [{"status": "complete"}, {}]})
    assert (failed.status, failed.error) == ("FAILED", "InvalidRequestError")
    assert "execution_result.status" in (failed.cause or "")
