"""State machines that CloudFormation makes can be executed, and are parsed once.

moto's CloudFormation registers them with a backend that only pretends to execute, and its parser
takes no whole number for a percentage.
"""

import re
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from moto.core.config import default_user_config
from moto.stepfunctions import models
from moto.stepfunctions.exceptions import InvalidExecutionInput, StateMachineDoesNotExist
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from ..clients import ACCOUNT, REGION
from ..errors import LocalCloudError
from ..limits import PAYLOAD_BYTES
from ..machines.runs import Runs
from .maps.extras import parsed_with_extras
from .patches import Original, around, put

_MACHINE, _EXECUTION = ":stateMachine:", ":execution:"
_parse = AmazonStateLanguageParser.parse
_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


def install(stack: ExitStack, runs: Runs) -> None:
    """Execute every state machine."""
    executed = {"stepfunctions": {"execute_state_machine": True}}
    stack.enter_context(patch.dict(default_user_config, executed))
    put(stack, models, "stepfunctions_backends", stepfunctions_parser_backends)
    parse_definitions(stack)
    _name_executions(stack, runs)
    stack.callback(_abort_running)


def parse_definitions(stack: ExitStack) -> None:
    """Also read what moto's grammar lacks, and keep it."""
    put(stack, AmazonStateLanguageParser, "parse", staticmethod(_parsed))
    put(stack, Preprocessor, "__init__", _with_own_scopes)


def _with_own_scopes(self: Preprocessor) -> None:
    """Keep the query languages of open scopes here: moto keeps them for all, also when it fails."""
    self._query_language_per_scope = []


@lru_cache(maxsize=64)
def _parsed(definition: str) -> Any:
    """Return what a definition is parsed to, for all clouds of this process.

    It holds no state of an execution, and takes seconds to make.
    """
    return parsed_with_extras(definition, lambda text: _parse(_WHOLE_PERCENTAGE.sub(r"\1.0", text)))


def _name_executions(stack: ExitStack, runs: Runs) -> None:
    """Give an execution a name if it comes without, and refuse an input over the limit.

    An ARN that ends in `#case` runs with the mocks of that test case.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html
    """

    @around(stack, StepFunctionsParserBackend, "start_execution")
    def start_execution(
        original: Original,
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str = "{}",
    ) -> Any:
        if len(execution_input.encode()) > PAYLOAD_BYTES:
            raise InvalidExecutionInput(f"the input is over {PAYLOAD_BYTES} bytes")
        machine, _, case = state_machine_arn.partition("#")
        name = name or str(uuid.uuid4())
        if case:
            try:
                runs.choose(machine, f"{machine.replace(_MACHINE, _EXECUTION)}:{name}", case)
            except LocalCloudError as error:
                raise StateMachineDoesNotExist(str(error)) from error
        return original(self, machine, name, execution_input)


def _abort_running() -> None:
    """Abort what still runs: it would go on in threads of its own when the cloud is gone."""
    for execution in stepfunctions_parser_backends[ACCOUNT][REGION]._get_executions(  # noqa: SLF001
        ExecutionStatus.RUNNING
    ):
        execution.stop(datetime.now(UTC), None, None)
