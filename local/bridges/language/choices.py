"""Choices that read a missing value, or whose condition is neither true nor false, or match none.

moto takes a variable that is missing for one that does not match, and goes on to the next rule; it
takes a rule that leads where the default leads for the default; and what a rule assigns in JSONPath
it leaves out, or takes from the answer of its test. It reads patterns as those of file names.
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import re
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.comparison import (
    comparison_variable,
    variable,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import (
    ConditionStringJSONata,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (  # noqa: E501
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.factory import (
    OperatorFactory,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations.string_operators import (  # noqa: E501
    StringMatches,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from ..failures import failure_event, query_failure
from ..patches import Original, around, put

# A character of a pattern; an escaped one stands for itself.
_OF_PATTERN = re.compile(r"\\(?P<escaped>[*\\])|(?P<any>\*)|(?P<other>.)", re.DOTALL)


def install(stack: ExitStack) -> None:
    """Fail where AWS fails."""
    _require_variables(stack)
    _require_booleans(stack)
    _compare_with_context(stack)
    _take_default(stack)
    _assign_by_rules(stack)
    put(stack, StringMatches, "_compare", staticmethod(_matches))


def _matches(value: Any, pattern: str) -> bool:
    """Tell whether a text matches a pattern, in which `*` alone stands for any characters."""
    expression = "".join(
        ".*" if part["any"] else re.escape(part["escaped"] or part["other"])
        for part in _OF_PATTERN.finditer(pattern)
    )
    return isinstance(value, str) and re.fullmatch(expression, value, re.DOTALL) is not None


def _require_variables(stack: ExitStack) -> None:
    kind = comparison_variable.ComparisonVariable

    def eval_body(self: Any, env: Environment) -> None:
        self.variable.eval(env)
        value = env.stack[-1]
        operator = self.comparison_function.operator_type
        if (
            isinstance(value, variable.NoSuchVariable)
            and operator != ComparisonOperatorType.IsPresent
        ):
            path = self.variable.string_sampler.literal_value
            cause = (
                f"Invalid path '{path}': The choice state's condition path references an invalid "
                "value."
            )
            raise FailureEventException(
                failure_event(env, StatesErrorNameType.StatesRuntime, cause)
            )
        self.comparison_function.eval(env)

    put(stack, kind, "_eval_body", eval_body)


def _require_booleans(stack: ExitStack) -> None:
    def eval_body(self: ConditionStringJSONata, env: Environment) -> None:
        self.string_jsonata.eval(env=env)
        if not isinstance(env.stack[-1], bool):
            kind = type(env.stack[-1]).__name__
            expression = self.string_jsonata.expression
            cause = (
                f"The JSONata expression '{expression}' returned an unexpected result type. "
                f"Expected 'boolean', but was '{kind}'"
            )
            raise query_failure(env, cause)

    put(stack, ConditionStringJSONata, "_eval_body", eval_body)


def _compare_with_context(stack: ExitStack) -> None:
    """Let the path of an operator such as `StringEqualsPath` begin with `$$`."""

    @around(stack, ComparisonFuncValue, "_eval_body")
    def eval_body(original: Original, self: ComparisonFuncValue, env: Environment) -> None:
        named_path = isinstance(self.value, str) and self.operator_type.name.endswith("Path")
        if not (named_path and self.value.startswith("$$")):
            original(self, env)
            return
        compared = env.stack.pop()
        env.stack += [env.states.context_object.context_object_data, compared]
        OperatorFactory.get(self.operator_type).eval(env=env, value=self.value[1:])
        del env.stack[-2]


def _take_default(stack: ExitStack) -> None:
    """Assign and give what the state says where no rule matches, and nowhere else."""

    def eval_state(self: StateChoice, env: Environment) -> None:
        rule: Any
        for rule in self.choices_decl.rules:
            rule.comparison.eval(env)
            if env.stack.pop() is True:
                _evaluate(env, rule.assign, rule.output)
                env.stack.append(rule.next_stmt.name)
                return
        if self.default_state is None:
            error = StatesErrorNameType.StatesNoChoiceMatched
            cause = f"Failed to find a matching choice in the state '{self.name}'"
            raise FailureEventException(failure_event(env, error, cause))
        _evaluate(env, self.assign_decl, self.output)
        env.stack.append(self.default_state.state_name)

    def eval_state_output(self: StateChoice, env: Environment) -> None:
        next_state = env.stack.pop()
        if self.output_path:
            self.output_path.eval(env=env)
        env.next_state_name = next_state

    put(stack, StateChoice, "_eval_state", eval_state)
    put(stack, StateChoice, "_eval_state_output", eval_state_output)


def _evaluate(env: Environment, *fields: Any) -> None:
    for field in filter(None, fields):
        field.eval(env=env)


def _assign_by_rules(stack: ExitStack) -> None:
    """Keep the Assign of a rule that compares one variable."""

    @around(stack, Preprocessor, "visitChoice_rule_comparison_variable")
    def visit(original: Original, self: Preprocessor, ctx: Any) -> ChoiceRule:
        rule = original(self, ctx)
        visited = (self.visit(child) for child in ctx.children) if rule.assign is None else ()
        assigns = (each for each in visited if isinstance(each, AssignDecl))
        return ChoiceRule(
            comparison=rule.comparison,
            next_stmt=rule.next_stmt,
            comment=rule.comment,
            assign=next(assigns, rule.assign),
            output=rule.output,
        )
