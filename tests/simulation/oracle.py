"""The state without limits: what each action gives by the documents, in plain dicts and lists.

It shares no code with the product, knows no S3, no sizes and no pointers, and is written from
docs/decisions.md, docs/reference and docs/howto.
"""

from collections.abc import Sequence
from typing import Any, Final

from tests.simulation.comparing import Plain
from tests.simulation.merging import merge

_FAILURES: Final = ("FAILED", "ERROR", "TIMED_OUT", "ABORTED", "HALTED", "SIGKILL")
_NEXT: Final = {"SKIPPED": "CONTINUE", "SUCCEEDED": "COMPLETE", "PAUSE": "PAUSED_FOR_HITP"}
STOPS: Final = ("FAILED", "HALTED", "SIGKILL")
SEGMENT_ACTIONS: Final = ("sync", "sync_branch", "update_and_compress")
_WAIT_ACTIONS: Final = (
    "merge_callback",
    "merge_async",
    "aggregate_branches",
    "aggregate_distributed",
)
_HISTORY_COSTS: Final = (*SEGMENT_ACTIONS, "create_snapshot", *_WAIT_ACTIONS)


def flatten(result: Any) -> Plain:
    """Return the delta that a result stands for."""
    if result is None:
        return {}
    if isinstance(result, list):
        return _joined(result)
    return result if isinstance(result, dict) else {"raw_result": result}


def _joined(outputs: list[Any]) -> Plain:
    delta: Plain = {"distributed_outputs": outputs, "chunk_count": len(outputs)}
    reports = [
        {
            "index": index,
            "status": element["status"],
            "error": element.get("error"),
            "cause": element.get("cause"),
        }
        for index, element in enumerate(outputs)
        if isinstance(element, dict) and element.get("status") in _FAILURES
    ]
    return delta | {"failed_segments": reports} if reports else delta


def map_run(outputs: list[Any], failed: list[Plain], positions: Sequence[int] = ()) -> Plain:
    """Return the delta of a Distributed Map with a ResultWriter, and with the items' positions."""
    delta = _joined(outputs)
    reports = delta.get("failed_segments", [])
    for report in reports if positions or failed else []:
        place = report["index"]
        report["index"] = positions[place] if positions else None
        if report["index"] != place:
            report["output_index"] = place
    every = [*reports, *failed]
    return delta | {"failed_segments": every} if every else delta


def stop(counts: str, field: str, allowed: Any) -> Plain:
    """Return what a bag says of more failures than it tolerates."""
    cause = f"{counts} failed, and {field} allows {allowed}. failed_segments reports each of them."
    return {"stopped_by": {"error": "Workflow.FAILED", "cause": cause}}


def advance(before: Plain, merged: Plain, delta: Plain, action: str) -> Plain:
    """Return the merged bag with its counters, as the action moves them on."""
    after = dict(merged)
    after["state_revision"] = before.get("state_revision", 0) + 1
    status = delta.get("status", "CONTINUE")
    after["next_action"] = _NEXT.get(status, status)
    if action in ("create_snapshot", "fork_branch", "init") and "status" not in delta:
        after["next_action"] = before.get("next_action", "CONTINUE")
    if action in SEGMENT_ACTIONS and "loop_counter" in before:
        after["loop_counter"] = before["loop_counter"] + 1
    if action in _HISTORY_COSTS and "execution_segments" in before:
        after["execution_segments"] = before["execution_segments"] + 1 + (status == "WAIT")
    if after["next_action"] not in STOPS:
        after.pop("stopped_by", None)
    return _waiting(_next_segment(before, after, delta, action), before, delta)


def _waiting(after: Plain, before: Plain, delta: Plain) -> Plain:
    """Return the bag with what comes after a wait, where it has begun to wait."""
    if after["next_action"] != "WAIT":
        after.pop("wait_state", None)
    elif delta.get("status") == "WAIT":
        moved = after.get("segment_to_run") != before.get("segment_to_run")
        is_over = moved and after["segment_to_run"] >= after.get("total_segments", 0)
        after["wait_state"] = {"then": "COMPLETE" if is_over else "CONTINUE"}
    return after


def _next_segment(before: Plain, after: Plain, delta: Plain, action: str) -> Plain:
    names_next = after["next_action"] == "WAIT" and "next_segment_to_run" in delta
    waited = names_next or (action in _WAIT_ACTIONS and after["next_action"] not in STOPS)
    if "total_segments" not in after or not (waited or after["next_action"] == "CONTINUE"):
        return after
    if action in ("create_snapshot", "fork_branch", "init"):
        return after
    following = delta.get("next_segment_to_run", before.get("segment_to_run", 0) + 1)
    ends = following >= after["total_segments"] and after["next_action"] == "CONTINUE"
    return after | {
        "segment_to_run": following,
        "next_action": "COMPLETE" if ends else after["next_action"],
    }


def sync(bag: Plain, result: Any, action: str, strategies: Plain | None = None) -> Plain:
    """Return the bag after an action has brought a result."""
    delta = flatten(result)
    return advance(bag, merge(bag, delta, strategies), delta, action)


def first(given: Plain, execution_id: str, segments_per_execution: int) -> Plain:
    """Return the bag of an execution that starts with an input."""
    counters: Plain = {
        "loop_counter": 0,
        "loop_limit": 1000,
        "segment_to_run": 0,
        "segments_per_execution": segments_per_execution,
    }
    if isinstance(given.get("segments"), list):
        counters["total_segments"] = len(given["segments"])
    own = {"execution_id": execution_id, "execution_segments": 0}
    fields = {**counters, **given, **own}
    return advance({}, merge({}, fields), {}, "init")


def apart(branch: Plain, execution_id: str, segments_per_execution: int) -> Plain:
    """Return the bag with which a branch goes on as an execution of its own."""
    before = branch.get("segments_in_parent")
    own = {
        "execution_chain": [
            *branch.get("execution_chain", [branch["execution_id"]]),
            execution_id,
        ],
        "execution_segments": 0,
        "segments_per_execution": segments_per_execution,
        "segments_in_parent": branch["execution_segments"] + 2 if before is None else before + 1,
    }
    return advance(branch, branch | own, {}, "init")


def resumed(bag: Plain, given: Plain, execution_id: str) -> Plain:
    """Return the bag with which a later execution goes on."""
    if bag["next_action"] in STOPS:
        bag = {name: value for name, value in bag.items() if name != "status"}
        bag["next_action"] = "CONTINUE"
    chain = [*bag.get("execution_chain", [bag["execution_id"]]), execution_id]
    merged = merge(bag, given) | {"execution_chain": chain, "execution_segments": 0}
    return advance(bag, merged, given, "init")
