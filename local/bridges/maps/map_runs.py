"""Distributed Maps: child executions with names, outcomes and limits of their own.

moto runs the children as iterations of the parent, forgets why one failed, tolerates any number
of failures, and starts each child inside the one before, until Python's stack is full.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import copy
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as component,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import (
    DEFAULT_MAX_CONCURRENCY_VALUE,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from ..failures import failure_event
from ..patches import Original, around, put
from .batches import Batch, batches_of
from .children import Child, ChildOutputs, child_arn, take_outcome
from .extras import MapExtras, extras_of
from .objects import item_data
from .result_files import results_of

# Concurrency of a Map Run that sets none. https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
_UNLIMITED = 10_000
# More threads than that only wait for each other.
_THREADS = 200


class ToleranceExceededError(FailureEventException):
    """More children failed than the state tolerates.

    Attributes:
        outputs: what the Map Run has until then.
    """

    def __init__(self, env: Environment, outputs: ChildOutputs) -> None:
        error = StatesErrorNameType.StatesExceedToleratedFailureThreshold
        cause = "The specified tolerated failure threshold was exceeded"
        super().__init__(failure_event(env, error, cause))
        self.outputs = outputs


def install(stack: ExitStack) -> None:
    """Run the children of Distributed Maps here."""
    put(stack, component.DistributedIterationComponent, "_map_run", _map_run)
    _check_results(stack)


def _map_run(
    self: component.DistributedIterationComponent,
    env: Environment,
    eval_input: component.DistributedIterationComponentEvalInput,
) -> None:
    items = env.stack.pop()
    run = _MapRun(
        env=env,
        eval_input=eval_input,
        program=self._get_iteration_program(),
        items=items,
        extras=extras_of(self),
    )
    outputs = run.execute()
    in_order = sorted(outputs.ended, key=lambda child: child.index)
    env.stack.append(results_of(outputs, in_order) if run.extras.formats else outputs)


def _check_results(stack: ExitStack) -> None:
    """AWS exports what a failed Map Run has, too, and bounds results that the state drops."""

    @around(stack, StateMap, "_eval_execution")
    def eval_execution(original: Original, self: StateMap, env: Environment) -> None:
        try:
            original(self, env)
        except ToleranceExceededError as exceeded:
            if self.result_writer:
                env.stack.append(exceeded.outputs)
                self.result_writer.eval(env)
            raise
        if isinstance(self.iteration_component, component.DistributedIterationComponent):
            self._verify_size_quota(env=env, value=env.stack[-1])


@dataclass(kw_only=True)
class _MapRun:
    env: Environment
    eval_input: component.DistributedIterationComponentEvalInput
    program: Any
    items: list[Any]
    extras: MapExtras
    started: list[Child] = field(default_factory=list)
    ended: list[Child] = field(default_factory=list)
    failures: int = 0
    exceeded: bool = False
    broken: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.record = self.eval_input.map_run_record
        vars(self.record)["children"] = self.started
        self.sources = getattr(self.items, "sources", None)
        self.map_input = copy.deepcopy(self.env.stack[-1]) if self.env.stack else None
        self.item_count = len(self.items)
        if self.extras.batcher is not None:
            selected = [self._select(index, item) for index, item in enumerate(self.items)]
            self.items = batches_of(selected, self._evaluated(self.extras.batcher))
        self.waiting = deque(enumerate(self.items))

    def execute(self) -> ChildOutputs:
        limit = self.record.max_concurrency
        concurrency = _UNLIMITED if limit == DEFAULT_MAX_CONCURRENCY_VALUE else limit
        threads = min(concurrency, len(self.items), _THREADS)
        self.record.item_counter.total.count(self.item_count)
        self.record.execution_counter.total.count(len(self.items))
        # Daemons: a child that waits for an answer must not keep the process from ending.
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self.broken is not None:
            raise self.broken
        config = self.extras.writer or {}
        outputs = ChildOutputs(self.record, config, self.ended, self._pending())
        if self.exceeded:
            raise ToleranceExceededError(self.env, outputs)
        return outputs

    def _work(self) -> None:
        while self.env.is_running() and not self.exceeded and self.broken is None:
            try:
                index, item = self.waiting.popleft()
            except IndexError:
                return
            try:
                self._run(index, item)
            except Exception as error:  # noqa: BLE001 - of the ItemSelector: the state raises it
                self.broken = error

    def _pending(self) -> list[Child]:
        return [self._child(index, item) for index, item in self.waiting]

    def _child(self, index: int, item: Any) -> Child:
        express = self.extras.express
        if isinstance(item, Batch):
            return Child(index=index, input=item, express=express, items=len(item["Items"]))
        return Child(index=index, input=self._select(index, item), express=express)

    def _select(self, index: int, item: Any) -> Any:
        """Return the input of a child: its item, or the ItemSelector's version of it."""
        selector = self.eval_input.item_selector or self.eval_input.parameters
        if selector is None:
            return item
        read = [self.sources[index]] if self.sources else []
        return self._evaluated(selector, item_data(index, item, *read))

    def _evaluated(self, template: Any, item: Any = None) -> Any:
        """Return what a template of the Map makes of its input."""
        frame = self.env.open_inner_frame()
        context = frame.states.context_object.context_object_data
        context["Map"] = {"Item": item}
        frame.states.reset(self.map_input)
        frame.stack.append(self.map_input)
        template.eval(frame)
        self.env.delete_frame(frame)
        return frame.stack[-1]

    def _run(self, index: int, item: Any) -> None:
        child = self._child(index, item)
        with self.lock:
            if self.exceeded:
                self.waiting.appendleft((index, item))
                return
            frame = self._frame(child)
        child.started = datetime.now(UTC)
        self.started.append(child)
        self.program.eval(frame)
        self.env.delete_frame(frame)
        take_outcome(child, frame)
        child.stopped = datetime.now(UTC)
        self._end(child)

    def _frame(self, child: Child) -> Environment:
        """Return the environment of a child: an execution with a history of its own."""
        frame = self.env.open_inner_frame(EventHistoryContext.of_program_start())
        frame.event_manager = EventManager()
        context = frame.states.context_object.context_object_data
        context["Execution"] = {
            **context["Execution"],
            "Id": child_arn(self.record, child),
            "Input": child.input,
            "Name": child.name,
        }
        context["StateMachine"] = {
            **context["StateMachine"],
            "Id": self.record.map_state_machine_arn,
        }
        # It sees no variables of its parent's, and is in no state yet.
        # https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
        vars(frame)["variable_store"] = VariableStore()  # type: ignore[no-untyped-call]
        context["State"] = None
        frame.states.reset(child.input)
        return frame

    def _end(self, child: Child) -> None:
        with self.lock:
            self.ended.append(child)
            self._count(child)
            if child.status in {"FAILED", "TIMED_OUT"}:
                self.failures += child.items
                if self._intolerable() and not self.exceeded:
                    self.exceeded = True
                    self._abort_running()

    def _count(self, child: Child) -> None:
        name = child.status.lower()
        counts = ((self.record.item_counter, child.items), (self.record.execution_counter, 1))
        for counter, count in counts:
            getattr(counter, name).count(count)
            counter.results_written.count(count)

    def _intolerable(self) -> bool:
        """Tell whether a threshold is passed; one that is not set (0) yields to the other."""
        count = self.record.tolerated_failure_count
        percentage = self.record.tolerated_failure_percentage
        over_count = self.failures > count
        over_percentage = 100 * self.failures / self.item_count > percentage
        if count and percentage:
            return over_count or over_percentage
        return over_percentage if percentage else over_count

    def _abort_running(self) -> None:
        for frame in list(self.env._frames):  # noqa: SLF001
            frame.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)
