"""JSONata in every field that takes it, and the variables of both languages."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import Failed

Outcome = Callable[..., Any]
JSONATA = {"QueryLanguage": "JSONata"}
QUERY = Failed("States.QueryEvaluationError")
INPUT = {"one": 1, "none": None, "list": [1, 2], "object": {"k": "v"}, "text": 'q"\\\n é'}


def passing(output: Any, **fields: Any) -> dict[str, Any]:
    ends = {} if "Next" in fields else {"End": True}
    return {"Type": "Pass", "Output": output, **ends, **fields}


def asking(**fields: Any) -> dict[str, Any]:
    ends = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", **ends, **fields}


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("{% $states.input.one + 1 %}", 2),
        ({"a": ["{% $states.input %}", 1], "b": None}, {"a": [INPUT, 1], "b": None}),
        ("no expression", "no expression"),
        ("{% $states.input.none %}", None),
        ("{% $states.input.missing %}", QUERY),
        ("{% $sum %}", QUERY),
        ("{% $states.input.one & $states.input.text %}", '1q"\\\n é'),
        ("{% $count($states.input.list) %}", 2),
        ("{% [10 / 2, 7 / 2] %}", [5, 3.5]),
        ("{% $append($states.input.list, 3) %}", [1, 2, 3]),
        ("{% $merge([$states.input.object, {'z': null}]) %}", {"k": "v", "z": None}),
        ("{% $states.input.list[$ > 1] %}", 2),
        ("{% $states.context.State.Name %}", "Only"),
        ("{% $partition([1, 2, 3], 2) %}", [[1, 2], [3]]),
        ("{% $partition([1, 2, 3], -2) %}", QUERY),
        ("{% $partition('abc', 2) %}", QUERY),
        ("{% $range(0, 10, 5) %}", [0, 5, 10]),
        ("{% $hash('a', 'MD5') %}", "0cc175b9c0f1b6a831c399e269772661"),
        ("{% $hash('a', 'CRC') %}", QUERY),
        ("{% $string([$states.input.text, null]) %}", r'["q\"\\\n é",null]'),
        ("{% $states.input.object.$string() %}", '{"k":"v"}'),
        ("{% $string(['é'], true) %}", '[\n  "é"\n]'),
        ("{% $join($map(['é', 1, null], $string), ' ') %}", "é 1 null"),
        ("{% $string($states.input.missing) %}", QUERY),
        ("{% [7.5 % 2, -7 % 3, $states.input.one % 2] %}", [1.5, -1, 1]),
        ("{% 1 % 0 %}", QUERY),
        ("{% $string([0.1 + 0.2, 10 / 4, '\" 1e9']) %}", r'[0.3,2.5,"\" 1e9"]'),
        (
            "{% [$string(1e20), 1e21 & '', 5890840712243076 & '', $string(-1e-7)] %}",
            ["100000000000000000000", "1e+21", "5890840712243080", "-1e-7"],
        ),
        (
            "{% $sort([{'n': 2, 'k': 1}, {'n': 2, 'k': 2}], function($a, $b) {$a.n > $b.n}).k %}",
            [1, 2],
        ),
        ("{% $sort([1, 2, 3], function($a, $b) { $a - $b }) %}", [3, 2, 1]),  # as JavaScript does
        ("{% [$sort([2, 1, 3]), $sort(7)] %}", [1, 2, 3, 7]),
        ("{% $distinct([1, '1', true, 1.0, null, null]) %}", [1, "1", True, None]),
        ("{% $distinct([{'a': 1}, {'a': 1}]) %}", [{"a": 1}]),
        ("{% $distinct($states.input.list.(3)) %}", 3),
        ("{% $replace('68F', /(\\d+)F/, function($m) { $m.groups[0] & $m.match }) %}", "6868F"),
        ("{% $replace('a-b', '-', '+') %}", "a+b"),
        ("{% 'é' & ['é', null] & 1 & $states.input.missing %}", 'é["é",null]1'),
        (
            "{% [$count(null), $count($states.input.none), $count([]), $count([1..3])] %}",
            [1, 1, 0, 3],
        ),
        ("{% $count($states.input.missing) %}", 0),
        ("{% $length($uuid()) %}", 36),
        ("{% $random(7) = $random(7) %}", True),
        ("""{% $parse('{"a": null}') %}""", {"a": None}),
        ("{% $number('x') %}", QUERY),
        ("{% $error('as asked') %}", QUERY),
    ],
)
def test_expression_gives_json_or_fails_the_state(
    outcome: Outcome, output: Any, value: Any
) -> None:
    assert outcome({"Only": passing(output)}, INPUT, **JSONATA) == value


CHOICE = {
    "Choose": {
        "Type": "Choice",
        "Choices": [
            {
                "Condition": "{% $states.input > 1 %}",
                "Next": "Told",
                "Output": "{% 'big' %}",
                "Assign": {"seen": "rule"},
            },
            {"Condition": "{% $states.input = 1 %}", "Next": "Told", "Assign": {"seen": "one"}},
        ],
        "Default": "Told",
        "Output": "{% 'by default' %}",
        "Assign": {"seen": "default"},
    },
    "Told": passing("{% [$states.input, $seen] %}"),
}
MAP = {"Type": "Map", "End": True}
BODY = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}


@pytest.mark.parametrize(
    ("states", "value", "expected"),
    [
        (CHOICE, 2, ["big", "rule"]),
        (CHOICE, 1, [1, "one"]),
        (CHOICE, 0, ["by default", "default"]),
        (CHOICE, "text", QUERY),
        ({"No": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "Told"}]},
          "Told": passing(1)}, 1, QUERY),
        ({"Map": {**MAP, "Items": "{% $states.input.list %}", "ItemProcessor": BODY}},
         INPUT, [1, 2]),
        ({"Map": {**MAP, "Items": [0, "{% $states.input.one %}"], "ItemProcessor": BODY}},
         INPUT, [0, 1]),
        ({"Map": {**MAP, "ItemProcessor": BODY}}, [3], [3]),
        ({"Map": {**MAP, "Items": "{% $states.input.one %}", "ItemProcessor": BODY}},
         INPUT, QUERY),
        ({"Map": {**MAP, "Items": "{% $states.input.list %}", "MaxConcurrency": "{% 1 + 1 %}",
                  "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}",
                                   "k": "{% $states.input.object.k %}"},
                  "Output": "{% $states.result[1] %}", "ItemProcessor": BODY}},
         INPUT, {"v": 2, "k": "v"}),
        ({"Both": {"Type": "Parallel", "Arguments": {"q": "{% $states.input.one %}"},
                   "Branches": [{"StartAt": "A", "States": {"A": passing("{% $states.input.q %}")}},
                                {"StartAt": "B", "States": {"B": passing({"b": 2})}}],
                   "Output": "{% $merge([$states.result[1], {'a': $states.result[0]}]) %}",
                   "End": True}}, INPUT, {"a": 1, "b": 2}),
        ({"Wait": {"Type": "Wait", "Seconds": "{% $states.input.one - 1 %}",
                   "Output": "{% 'waited' %}", "End": True}}, INPUT, "waited"),
        ({"Fail": {"Type": "Fail", "Error": "{% 'Own.' & $states.input.object.k %}"}},
         INPUT, Failed("Own.v")),
        ({"Done": {"Type": "Succeed", "Output": "{% $states.input.list[0] %}"}}, INPUT, 1),
    ],
)  # fmt: skip
def test_every_state_takes_expressions(
    outcome: Outcome, states: dict[str, Any], value: Any, expected: Any
) -> None:
    assert outcome(states, value, **JSONATA) == expected


ONE_ITEM = {**MAP, "Items": [0], "ItemProcessor": BODY}
CONFIG = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
SPREAD = {**ONE_ITEM, "ItemProcessor": {**BODY, "ProcessorConfig": CONFIG}}
WAIT = {"Type": "Wait", "End": True}
# What no field takes, and then what each of them does not.
NO_NUMBERS = ("'1'", "-1", "true", "null")
BEYOND = {
    "Seconds": (WAIT, ("0.5", "100000000")),
    "TimeoutSeconds": (asking(), ("0.5", "0")),
    "MaxConcurrency": (ONE_ITEM, ("0.5",)),
    "ToleratedFailureCount": (SPREAD, ("0.5",)),
    "ToleratedFailurePercentage": (SPREAD, ("100.5",)),
}


@pytest.mark.parametrize(
    ("field", "number"),
    [(field, each) for field, (_, more) in BEYOND.items() for each in (*NO_NUMBERS, *more)],
)
def test_number_that_a_field_does_not_take_fails_the_state(
    outcome: Outcome, field: str, number: str
) -> None:
    state, _ = BEYOND[field]
    given = {**state, field: f"{{% {number} %}}"}
    mocks = {"Only": {"result": "1"}} if state["Type"] == "Task" else None
    assert outcome({"Only": given}, None, mocks, **JSONATA) == QUERY


def caught(error: str, **fields: Any) -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": [error], "Next": "Told", **fields}]}


TOLD = passing("{% $states.input %}")
REFUSED = {"errorOutput": {"error": "Own.Error", "cause": "no"}}
OF_CATCH = {"Error": "Own.Error", "Cause": "no"}


@pytest.mark.parametrize(
    ("task", "mock", "expected"),
    [
        (asking(Arguments={"a": "{% $states.input.one %}"}), lambda given: given, {"a": 1}),
        (asking(Arguments="{% $states.input.object %}"), lambda given: given, {"k": "v"}),
        (asking(Output="{% [$states.result, $states.input.one] %}"), {"result": "7"}, [7, 1]),
        (asking(Output="{% $states.result %}"), {"result": "null"}, None),
        (asking(TimeoutSeconds="{% $states.input.one + 9 %}"), {"result": "1"}, 1),
        (asking(**caught("Own.Error")), REFUSED, OF_CATCH),
        (
            asking(
                **caught("Own.Error", Output="{% [$states.errorOutput.Error, $states.input.one] %}")
            ),
            REFUSED,
            ["Own.Error", 1],
        ),
        (asking(Arguments="{% $states.input.missing %}", **caught("States.ALL", Output=5)),
         {"result": "1"}, 5),
        (asking(Output="{% $states.result.missing %}", **caught("States.ALL", Output=6)),
         {"result": "1"}, 6),
    ],
)  # fmt: skip
def test_task_gives_arguments_and_tells_its_result_or_its_error(
    outcome: Outcome, task: dict[str, Any], mock: Any, expected: Any
) -> None:
    states = {"Ask": task, **({"Told": TOLD} if "Catch" in task else {})}
    assert outcome(states, INPUT, {"Ask": mock}, **JSONATA) == expected


SET = {"Type": "Pass", "Assign": {"x": 1, "y": {"k": "{% $states.input %}"}}, "Next": "Then"}
INNER = {"StartAt": "I", "States": {"I": passing("{% $x %}")}}
SHADOWS = {"StartAt": "I", "States": {"I": passing(1, Assign={"x": 2})}}
DISTRIBUTED = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
EXCEEDED = Failed("States.ExceedToleratedFailureThreshold")


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ({"Then": passing("{% [$x, $y.k[0]] %}")}, [1, "in"]),
        ({"Then": passing("{% $x %}", Assign={"x": 2})}, 1),
        ({"Then": passing(0, Assign={"x": "{% $x + 1 %}"}, Next="E"), "E": passing("{% $x %}")}, 2),
        ({"Then": {**MAP, "ItemProcessor": INNER}}, [1]),
        ({"Then": {**MAP, "ItemProcessor": SHADOWS}}, Failed("States.Runtime")),
        ({"Then": {**MAP, "ItemProcessor": DISTRIBUTED}}, EXCEEDED),
        ({"Then": {**MAP, "ItemProcessor": DISTRIBUTED, "ToleratedFailureCount": "{% $x %}"}}, []),
        ({"Then": {**MAP, "ItemSelector": "{% $x %}", "ItemProcessor": BODY}}, [1]),
        ({"Then": passing(0, Assign={"z": "{% $range(1, 999, 1) %}"})}, 0),
    ],
)  # fmt: skip
def test_variable_is_seen_by_later_states_of_its_scope(
    outcome: Outcome, then: dict[str, Any], expected: Any
) -> None:
    assert outcome({"Set": SET, **then}, ["in"], **JSONATA) == expected


def test_variable_of_a_state_that_was_caught_is_not_set(outcome: Outcome) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Ask"},
        "Ask": asking(
            Output="{% $states.result.missing %}", Assign={"x": 2}, **caught("States.ALL")
        ),
        "Told": passing("{% $x %}"),
    }
    assert outcome(states, {}, {"Ask": {"result": {}}}, **JSONATA) == 1


PATHS = {"Type": "Pass", "Assign": {"x.$": "$.one", "y": {"k.$": "$.list"}}, "Next": "Then"}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Type": "Pass", "Parameters": {"a.$": "$x", "b.$": "$y.k[1]"}}, {"a": 1, "b": 2}),
        ({"Type": "Pass", "InputPath": "$y.k"}, [1, 2]),
        ({"Type": "Pass", "OutputPath": "$y"}, {"k": [1, 2]}),
        ({"Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $x)"}}, {"a": "1"}),
        ({"Type": "Pass", "Parameters": {"a.$": "$none"}}, Failed("States.Runtime")),
        ({"Type": "Map", "ItemsPath": "$y.k", "ItemProcessor": BODY}, [1, 2]),
        (
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x + $count($y.k) %}"},
            3,
        ),
    ],
)
def test_state_that_speaks_json_path_has_variables_too(
    outcome: Outcome, state: dict[str, Any], expected: Any
) -> None:
    assert outcome({"Set": PATHS, "Then": {**state, "End": True}}, INPUT) == expected


@pytest.mark.parametrize("comparison", [{"NumericEquals": 1}, {"NumericEqualsPath": "$.one"}])
def test_choice_compares_variables(outcome: Outcome, comparison: dict[str, Any]) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$x", **comparison, "Next": "Yes"}]}
    yes = {"Type": "Pass", "Result": "yes", "End": True}
    assert outcome({"Set": PATHS, "Then": choice, "Yes": yes}, INPUT) == "yes"


@pytest.mark.parametrize(
    ("rule", "assigned"),
    [
        ({"Variable": "$.one", "NumericEquals": 1}, [1, 2]),
        ({"And": [{"Variable": "$.one", "IsNumeric": True}]}, [1, 2]),
        ({"Variable": "$.one", "NumericEquals": 2}, "of the state"),
    ],
)
def test_choice_in_json_path_assigns_what_its_rule_says_or_else_the_state(
    outcome: Outcome, rule: dict[str, Any], assigned: Any
) -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{**rule, "Assign": {"x.$": "$.list"}, "Next": "Then"}],
        "Assign": {"x": "of the state"},
        "Default": "Then",
    }
    then = {"Type": "Pass", "InputPath": "$x", "End": True}
    assert outcome({"Only": choice, "Then": then}, INPUT) == assigned


@pytest.mark.parametrize("field", ["Error", "Cause"])
def test_failure_takes_texts_alone(outcome: Outcome, field: str) -> None:
    states = {"Only": {"Type": "Fail", "Error": "Told", "Cause": "told", field: "{% 5 %}"}}
    by_path = {"Only": {"Type": "Fail", f"{field}Path": "$.object"}}
    assert outcome(states, INPUT, **JSONATA) == QUERY
    assert outcome(by_path, INPUT) == Failed("States.Runtime")
