"""States that are answered by mocks instead of by what their Resource names.

moto has no mocks but those of a file that it does not read.
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html
"""

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from antlr4 import RecognitionException
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task import (
    lambda_eval_utils,
    state_task_factory,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_factory import (  # noqa: E501
    state_task_service_for,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_unsupported import (  # noqa: E501
    StateTaskServiceUnsupported,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import (
    StateTaskLambda,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from ..machines.runs import Run, Runs
from .failures import named_failure
from .patches import Original, around, put


def install(stack: ExitStack, runs: Runs) -> None:
    """Ask the mocks of each execution first."""
    _hand_on(stack, runs)
    _take_any_service(stack)
    _answer_function(stack)
    for kind in _kinds(ExecutionState):
        if "_eval_execution" in vars(kind):
            _ask_mock(stack, kind)
        if "_from_error" in vars(kind):
            _keep_failures(stack, kind)
    # What cannot be done without a mock is refused where it is tried.
    put(stack, StateTaskServiceCallback, "_assert_integration_pattern_is_supported", lambda _: None)


def _hand_on(stack: ExitStack, runs: Runs) -> None:
    @around(stack, ExecutionWorker, "_get_evaluation_environment")
    def environment(original: Original, self: ExecutionWorker) -> Environment:
        env: Environment = original(self)
        context = env.states.context_object.context_object_data
        run: Any = runs.begin(context["StateMachine"]["Id"], context["Execution"]["Id"])
        env.mock_test_case = run
        return env


def _take_any_service(stack: ExitStack) -> None:
    """Parse tasks of services that moto does not know: with a mock they can run."""

    def task_for(service_name: str) -> StateTaskService:
        try:
            return state_task_service_for(service_name)
        except RecognitionException:
            return StateTaskServiceUnsupported()  # type: ignore[no-untyped-call]

    put(stack, state_task_factory, "state_task_service_for", task_for)


def run_of(env: Environment) -> Run | None:
    """Return the run that an environment belongs to."""
    run: Any = env.mock_test_case
    return run if isinstance(run, Run) else None


def is_limited(env: Environment) -> bool:
    """Tell whether the payloads of an execution have AWS's limit."""
    run = run_of(env)
    return run is None or run.limited


def _kinds(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def _ask_mock(stack: ExitStack, kind: Any) -> None:
    @around(stack, kind, "_eval_execution")
    def eval_execution(original: Original, self: Any, env: Environment) -> None:
        run = run_of(env)
        if run is None or self.name not in run.answers:
            original(self, env)
        elif isinstance(self, StateTaskService):
            _answer_integration(self, env, run)
        elif isinstance(self, StateTaskLambda):
            original(self, env)  # which asks at `_answer_function`, between the events of its own
        else:
            given = self._eval_parameters(env) if isinstance(self, StateTask) else env.stack[-1]
            result = _answer(env, run, given)
            self._verify_size_quota(env=env, value=result)
            env.stack.append(result)


def _answer_integration(task: Any, env: Environment, run: Run) -> None:
    """Answer with the events of a service integration, as `TaskScheduled` and `TaskSucceeded`."""
    task.resource.eval(env=env)
    part = env.stack.pop()
    given = _parameters(task, env)
    credentials = task._eval_state_credentials(env=env)  # noqa: SLF001
    task._before_eval_execution(  # noqa: SLF001
        env=env,
        resource_runtime_part=part,
        raw_parameters=copy.deepcopy(given),
        state_credentials=credentials,
    )
    env.stack.append(_answer(env, run, given))
    StateTaskService._after_eval_execution(  # noqa: SLF001
        task,
        env=env,
        resource_runtime_part=part,
        normalised_parameters=given,
        state_credentials=credentials,
    )


def _parameters(task: Any, env: Environment) -> Any:
    """Return all that the state gives, also what moto does not know of the service."""
    if task.parargs is None:
        return {}
    task.parargs.eval(env=env)
    return env.stack.pop()


def _answer_function(stack: ExitStack) -> None:
    """Answer where a task names the ARN of a function and nothing else."""

    @around(stack, lambda_eval_utils, "execute_lambda_function_integration")
    def execute(
        original: Original, env: Environment, parameters: dict[str, Any], **others: Any
    ) -> None:
        run = run_of(env)
        if run is None or _state_name(env) not in run.answers:
            original(env=env, parameters=parameters, **others)
            return
        given = {**parameters, "Payload": json.loads(parameters["Payload"])}
        env.stack.append({"Payload": _answer(env, run, given)})


def _state_name(env: Environment) -> str:
    return str(env.states.context_object.context_object_data["State"]["Name"])  # type: ignore[index]


def _answer(env: Environment, run: Run, given: Any) -> Any:
    context: Any = env.states.context_object.context_object_data
    token = (context.get("Task") or {}).get("Token")
    attempt = context["State"]["RetryCount"]
    answer = run.answer(_state_name(env), copy.deepcopy(given), attempt, token)
    if answer.error is not None:
        raise FailureEventException(named_failure(env, answer.error, answer.cause))
    return copy.deepcopy(answer.result)


def _keep_failures(stack: ExitStack, kind: Any) -> None:
    """Fail as the mock, the path or the clock says, which some kinds name after their service."""

    @around(stack, kind, "_from_error")
    def from_error(original: Original, self: Any, env: Environment, ex: Exception) -> Any:
        if isinstance(ex, FailureEventException | NoSuchJsonPathError):
            return ExecutionState._from_error(self, env, ex)  # noqa: SLF001
        if isinstance(ex, TimeoutError) and isinstance(self, StateTaskService):
            return self._get_timed_out_failure_event(env)
        return original(self, env, ex)
