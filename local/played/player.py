"""A whole workflow in memory: the way of the stack's state machine, in milliseconds."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from universal_sync_core import (
    complete_branch,
    create_snapshot,
    first_bag,
    fork_branch,
    hand_over,
    join_branches,
    merge_answer,
    record_failure,
    stage_items,
    universal_sync_core,
)
from universal_sync_core.bag.awaited_job import AWAITED_JOB
from universal_sync_core.bag.execution_budget import LIMIT, USED
from universal_sync_core.bag.fields import is_branch
from universal_sync_core.bag.next_action import COMPLETE, CONTINUE, STOPS
from universal_sync_core.storage.runtime import Runtime
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.workflow.continuation import STARTED_BY

from .distributed_map import DistributedMap, Handler
from .lambda_context import LambdaContext
from .tasks import Passed, Tasks
from .workflow_run import FailedStateError, RefusedError, WorkflowRun

Answers: TypeAlias = Callable[[JsonObject], Json] | Iterable[Json]

_WAITS: Final = {
    "PAUSED_FOR_HITP": ("human", "Callback", "callback"),
    "ASYNC": ("async", "Async", "async"),
}
# A branch that asks for these goes on as an execution of its own.
_APART: Final = frozenset({"PARALLEL_GROUP", "DISTRIBUTED_MAP"})
_TIMED_OUT: Final = "States.HeartbeatTimeout"


class Player:
    """Plays one workflow."""

    def __init__(
        self, space: Runtime, passed: Passed, handler: Handler, answers: Answers, *, syncs: bool
    ) -> None:
        """Play in a runtime, with what is passed from state to state going through `passed`."""
        self._space = space
        self._passed = passed
        self._handler = handler
        self._answers = answers if callable(answers) else iter(answers)
        self._syncs = syncs
        self._execution_id = ""
        self.run = WorkflowRun()
        self._tasks = Tasks(passed, self.run.states)
        # What an execution of a branch's own leaves to the one that awaits it.
        self._left: JsonObject = {}

    def play(self, given: JsonObject, execution_id: str) -> WorkflowRun:
        """Return how the workflow went that starts with an input.

        Raises:
            PayloadTooLargeError: no execution can be started with so large an input.
        """
        self._execution_id = execution_id
        given = self._passed(given)
        try:
            self._start(given)
            while self.run.status == "RUNNING":
                self._step()
        except FailedStateError as failed:
            self._fail(failed.failure, failed.caught)
        return self.run

    def _start(self, given: JsonObject) -> None:
        context = {"execution_id": self._execution_id}
        self.run.bag = self._tasks.task("InitializeState", "NotStarted", first_bag, given, context)

    def _step(self) -> None:
        """Route, and do what comes next."""
        bag = self.run.bag
        action = self._routed("RouteNextAction")
        if is_branch(bag) and action in {COMPLETE, *STOPS}:
            ended = self._tasks.task("EndBranchExecution", "SegmentFailed", complete_branch, bag)
            self._leave({"branch": ended})
        elif action == COMPLETE:
            self.run.states.append("Complete")
            self.run.status = "SUCCEEDED"
        elif action in STOPS:
            self._stop(action)
        elif bag[USED] >= bag[LIMIT]:
            self._go_on()
        elif self._is_at_limit(bag):
            cause = f"The workflow has run {bag['loop_counter']} segments, its loop_limit."
            raise FailedStateError("LoopLimitReached", cause, "LoopLimitReached")
        else:
            self.run.bag = self._done(action, bag)

    def _routed(self, state: str) -> str:
        self.run.states.append(state)
        action: str = self.run.bag["next_action"]
        return action

    def _done(self, action: str, bag: JsonObject) -> JsonObject:
        if action == "PARALLEL_GROUP":
            return self._group(bag)
        if action == "DISTRIBUTED_MAP":
            return self._map(bag)
        return self._simple(action, bag, "{}", "Segment", "SegmentFailed")

    def _simple(
        self, action: str, bag: JsonObject, name: str, unit: str, caught: str
    ) -> JsonObject:
        """Do what a workflow and a branch do alike: run a segment, or wait."""
        if action == "WAIT":
            over = "WaitOver" if unit == "Segment" else "BranchWaitOver"
            self.run.states += ["Wait" if unit == "Segment" else "WaitInBranch", over]
            return bag | {"next_action": bag["wait_state"]["then"]}
        if action in _WAITS:
            return self._asked(action, bag, name, None if unit == "Segment" else caught)
        return self._segment(bag, unit, caught)

    def _segment(self, bag: JsonObject, unit: str, caught: str) -> JsonObject:
        event = {"action": "run_segment", "state_data": bag, "sync": self._syncs}
        call = (caught, self._handler, event, LambdaContext())
        if self._syncs:
            answer = self._tasks.task(f"RunAndSync{unit}", *call)
            synced: JsonObject = answer["state_data"]
            return synced
        answer = self._tasks.task(f"Run{unit}", *call)
        beside = {"state_data": bag, "segment": {"execution_result": answer}}
        result = self._tasks.within_limit(beside, caught)["segment"]["execution_result"]
        state = "SyncBranch" if unit == "BranchSegment" else "SyncSegment"
        return self._tasks.changed(state, caught, merge_answer, bag, result)

    def _asked(self, action: str, bag: JsonObject, name: str, caught: str | None) -> JsonObject:
        kind, word, key = _WAITS[action]
        request: JsonObject = {"callback_type": kind, "prompt": bag.get("prompt")}
        request |= {"branch_id": bag["branch_id"]} if is_branch(bag) else {}
        job: JsonObject | None = bag.get(AWAITED_JOB)
        request |= {"job": job["id"]} if job else {}
        self.run.requests.append(request)
        self.run.states.append(f"WaitFor{name.format('Job' if job else word)}")
        try:
            answer = self._answer(request)
        except RefusedError as refused:
            is_late = refused.error == _TIMED_OUT
            own = f"{word}{'TimedOut' if is_late else 'Failed'}"
            # No heartbeat is awaited of a job.
            error = "States.Timeout" if is_late and job else refused.error
            raise FailedStateError(error, refused.cause, caught or own) from refused
        context = {"action": f"merge_{key}"}
        state = f"Merge{name.format(word)}"
        result = {f"{key}_result": answer}
        own = caught or f"{word}Failed"
        return self._tasks.changed(state, own, universal_sync_core, bag, result, context)

    def _answer(self, request: JsonObject) -> Json:
        if not isinstance(self._answers, Iterator):
            return self._answers(request)
        try:
            return next(self._answers)
        except StopIteration:
            raise RefusedError(_TIMED_OUT) from None

    def _group(self, bag: JsonObject) -> JsonObject:
        self.run.states.append("ProcessParallelBranches")
        ended = [self._branch(bag, branch) for branch in bag["pending_branches"]]
        return self._tasks.changed("AggregateBranches", "BranchesFailed", join_branches, bag, ended)

    def _branch(self, parent: JsonObject, branch: Json) -> JsonObject:
        bag, caught = parent, "RecordBranchFailure"
        try:
            bag = self._tasks.task("ForkBranch", caught, fork_branch, parent, branch)
            while True:
                self.run.states.append("RouteBranch")
                action: str = bag["next_action"]
                if action == COMPLETE or action in STOPS:
                    ended: JsonObject = self._tasks.task(
                        "CompleteBranch", caught, complete_branch, bag
                    )
                    return ended
                self._require_branch(bag)
                if action in _APART:
                    return self._apart(bag, caught)
                bag = self._simple(action, bag, "Branch{}", "BranchSegment", caught)
        except FailedStateError as failed:
            if failed.caught != caught:
                self.run.states.append(failed.caught)
            self.run.states.append(caught)
            told = record_failure(bag, failed.failure, circumstances={"stage": "branch"})
            return {"status": "FAILED", **told}

    def _apart(self, bag: JsonObject, caught: str) -> JsonObject:
        """Return how a branch ended that went on as an execution of its own."""
        following = self._tasks.task("HandOverBranch", caught, hand_over, bag)
        while True:
            self.run.states.append("RunBranchExecution")
            left = self._awaited(following, caught)
            self.run.states.append("RouteBranchExecution")
            if "next" not in left:
                self.run.states.append("BranchExecutionEnded")
                ended: JsonObject = left["branch"]
                return ended
            self.run.states.append("NextBranchExecution")
            following = left["next"]

    def _awaited(self, following: JsonObject, caught: str) -> JsonObject:
        """Return what an execution leaves that this one starts and awaits."""
        player = Player(self._space, self._passed, self._handler, self._answers, syncs=self._syncs)
        player.run.requests = self.run.requests
        self.run.apart.append(player.run)
        arn = f"{self._execution_id.rpartition(':')[0]}:{following['name']}-{len(self.run.apart)}"
        given = {"resume_from": following["resume_from"], STARTED_BY: self._execution_id}
        run = player.play(given, arn)
        if run.status == "SUCCEEDED":
            return self._passed(player._left)
        told = {"ExecutionArn": arn, "Status": run.status, "Error": run.error, "Cause": run.cause}
        raise FailedStateError("States.TaskFailed", json.dumps(told), caught)

    def _leave(self, left: JsonObject) -> None:
        self._left = left
        self.run.status = "SUCCEEDED"

    def _require_branch(self, bag: JsonObject) -> None:
        if self._is_at_limit(bag):
            cause = f"The branch has run {bag['loop_counter']} segments, its loop_limit."
            raise FailedStateError("LoopLimitReached", cause, "BranchLoopLimitReached")
        if bag[USED] >= bag[LIMIT]:
            cause = f"The branch has taken {bag[USED]} segments and waits, its share."
            raise FailedStateError("LoopLimitReached", cause, "BranchHistoryUsed")

    @staticmethod
    def _is_at_limit(bag: JsonObject) -> bool:
        action = bag["next_action"]
        then = bag["wait_state"]["then"] if action == "WAIT" else action
        return then == CONTINUE and bool(bag["loop_counter"] >= bag["loop_limit"])

    def _map(self, bag: JsonObject) -> JsonObject:
        caught = "DistributedMapFailed"
        bag = self._tasks.task("CreatePreSnapshot", caught, create_snapshot, bag, "pre")
        place = self._tasks.task("StageItems", caught, stage_items, bag)
        is_parquet = place["input_type"] == "PARQUET"
        reads = "DistributedMapOfFiles" if is_parquet else "DistributedMapState"
        self.run.states += ["WhoReadsItems", reads]
        mapped = DistributedMap(self._space, self._tasks, self._handler, bag["execution_id"])
        answer = mapped.run(place, self._execution_id, len(self.run.states))
        context = {"action": "aggregate_distributed"}
        bag = self._tasks.task(
            "AggregateDistributed", caught, universal_sync_core, bag, answer, context
        )
        return self._tasks.changed("CreatePostSnapshot", caught, create_snapshot, bag, "post")

    def _go_on(self) -> None:
        """Hand over to the next execution."""
        following = self._tasks.task("HandOver", "ContinuationFailed", hand_over, self.run.bag)
        self.run.states.append("WhoStartsNext")
        if is_branch(self.run.bag):
            self.run.states.append("ContinuedByParent")
            self._leave({"next": following})
            return
        self.run.states += ["StartNextExecution", "Continued"]
        self._execution_id = f"{self._execution_id.rpartition(':')[0]}:{following['name']}"
        self._start({"resume_from": following["resume_from"]})

    def _stop(self, action: str) -> None:
        bag = self.run.bag
        told: JsonObject = bag.get("stopped_by", {})
        cause = f"The last result ended the workflow with next_action {action}, at segment"
        failure = {
            "Error": told.get("error", f"Workflow.{action}"),
            "Cause": told.get("cause", f"{cause} {bag['segment_to_run']}."),
        }
        self._fail(failure, "StoppedByResult" if told else "WorkflowStopped")

    def _fail(self, failure: JsonObject, caught: str) -> None:
        self.run.states += [caught, "RecordFailure", "WhoIsTold"]
        bag = self.run.bag or {"execution_id": self._execution_id}
        told = record_failure(bag, failure)
        if is_branch(bag):
            self.run.states.append("ReportFailedBranch")
            self._leave({"branch": {"status": "FAILED", **told}})
            return
        self.run.states.append("FailExecution")
        self.run.status, self.run.error, self.run.cause = "FAILED", told["error"], told["cause"]
