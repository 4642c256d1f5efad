"""JSONPath as AWS reads it: what one match is, what a list of them is, and what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import Failed

Outcome = Callable[..., Any]
RUNTIME = Failed("States.Runtime")
DOCUMENT = {
    "one": 1,
    "null": None,
    "list": [1, 2, 3],
    "objects": [{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}],
    "object": {"a-b": 3, "x:y": 4, "where": 5, "é": 6, "$id": 7, "1a": 8, "it's": 9, 'a"b': 10},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.one", 1),
        ("$.null", None),
        ("$['one']", 1),
        ("$.list[0]", 1),
        ("$.list[-1]", 3),
        ("$.objects[1].tag", "b"),
        ("$.objects[0]['id']", 1),
        ("$.object.a-b", 3),
        ("$['object']['x:y']", 4),
        ("$.object.x:y", 4),
        ("$.object.where", 5),
        ("$.object.é", 6),
        ("$.object.$id", 7),
        ("$.object.1a", 8),
        (r"$.object['it\'s']", 9),
        ('$.object["it\'s"]', 9),
        (r'$.object["a\"b"]', 10),
        ("$['one','null']", {"one": 1, "null": None}),
        ("$.objects[0]['id','none']", {"id": 1}),
        ("$.objects[*]['id','tag']", [{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}]),
        ("$.list['id','tag']", RUNTIME),
        ("$.list.length()", 3),
        ("$['objects'][0].length()", 2),
        ("$.list[1:]", [2, 3]),
        ("$.list[:1]", [1]),
        ("$.list[5:]", []),
        ("$.list[0,2]", [1, 3]),
        ("$.list[*]", [1, 2, 3]),
        ("$.list[?(@ > 1)]", [2, 3]),
        ("$.objects[*].id", [1, 2]),
        ("$.objects[?(@.id == 2)]", [{"id": 2, "tag": "b"}]),
        ("$.objects[?(@.id == 2)].tag", ["b"]),
        ('$.objects[?(@.tag == "b")].id', [2]),
        ("$.objects[?(@.id == 9)]", []),
        ("$.objects[*].none", []),
        ("$..tag", ["a", "b"]),
        ("$..none", []),
        ("$.none", RUNTIME),
        ("$.none.deeper", RUNTIME),
        ("$.one.deeper", RUNTIME),
        ("$.list[7]", RUNTIME),
        ("$.objects[0].none", RUNTIME),
        ("$.none[*]", RUNTIME),
        ("$.none[1:]", RUNTIME),
    ],
)
def test_path_gives_one_value_or_a_list_of_them(outcome: Outcome, path: str, found: Any) -> None:
    states = {"Look": {"Type": "Pass", "Parameters": {"found.$": path}, "End": True}}
    expected = found if isinstance(found, Failed) else {"found": found}
    assert outcome(states, DOCUMENT) == expected


def test_texts_of_a_definition_may_have_any_characters(outcome: Outcome) -> None:
    first, last = 'say "hi"\\\n', "\u00e9\U0001f600"
    states = {
        first: {
            "Type": "Pass",
            "Parameters": {"name.$": "$$.State.Name", 'k"': 'a"b\n'},
            "Next": last,
        },
        last: {"Type": "Pass", "ResultPath": '$["a b"]', "Result": 1, "End": True},
    }
    assert outcome(states, {}) == {"name": first, 'k"': 'a"b\n', "a b": 1}


TASK = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Theirs"
CAUGHT = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}


@pytest.mark.parametrize(
    "fields",
    [
        {"InputPath": "$.none"},
        {"OutputPath": "$.none"},
        {"Parameters": {"a.$": "$.none"}},
        {"ResultSelector": {"a.$": "$.none"}},
        {"ResultPath": "$.one.deeper"},
        {"Parameters": {"a.$": "$.none"}, "Resource": "arn:aws:states:::dynamodb:putItem"},
        {"Parameters": {"a.$": "$.none"}, "Resource": FUNCTION},
        {"ResultSelector": {"a.$": "$.none"}, "Resource": FUNCTION},
    ],
)
def test_path_to_nothing_ends_an_execution_past_every_catch(
    outcome: Outcome, fields: dict[str, Any]
) -> None:
    states = {"Ask": {**TASK, **CAUGHT, **fields}, "Caught": {"Type": "Succeed"}}
    assert outcome(states, DOCUMENT, {"Ask": {"result": {}}}) == RUNTIME


RULES = [
    ({"Variable": "$.none", "StringEquals": "x"}, RUNTIME),
    ({"Variable": "$.one.deeper", "NumericGreaterThan": 1}, RUNTIME),
    ({"Variable": "$.none", "IsNull": True}, RUNTIME),
    ({"Variable": "$.none", "IsString": False}, RUNTIME),
    ({"Not": {"Variable": "$.none", "StringEquals": "x"}}, RUNTIME),
    ({"Variable": "$.one", "NumericEqualsPath": "$.none"}, RUNTIME),
    ({"Variable": "$$.None", "IsString": True}, RUNTIME),
    ({"Variable": "$.none", "IsPresent": True}, "no"),
    ({"Variable": "$.none", "IsPresent": False}, "yes"),
    ({"Not": {"Variable": "$.none", "IsPresent": True}}, "yes"),
    ({"Variable": "$.null", "IsNull": True}, "yes"),
    ({"Variable": "$.one", "StringEquals": "1"}, "no"),
    ({"Variable": "$.objects[1].id", "NumericEquals": 2}, "yes"),
    ({"Variable": "$.one", "NumericEqualsPath": "$.objects[0].id"}, "yes"),
    ({"Variable": "$$.State.Name", "StringEqualsPath": "$$.State.Name"}, "yes"),
    (
        {
            "And": [
                {"Variable": "$.none", "IsPresent": True},
                {"Variable": "$.none", "StringEquals": "x"},
            ]
        },
        "no",
    ),
    (
        {
            "Or": [
                {"Variable": "$.one", "IsPresent": True},
                {"Variable": "$.none", "StringEquals": "x"},
            ]
        },
        "yes",
    ),
]


@pytest.mark.parametrize(("rule", "result"), RULES)
def test_choice_that_reads_what_is_missing_fails_unless_it_asks_whether_it_is_there(
    outcome: Outcome, rule: dict[str, Any], result: Any
) -> None:
    states = {
        "Choose": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": "yes", "End": True},
        "No": {"Type": "Pass", "Result": "no", "End": True},
    }
    assert outcome(states, DOCUMENT) == result


@pytest.mark.parametrize(
    ("pattern", "text", "result"),
    [
        ("log-*.txt", "log-1\n.txt", "yes"),
        ("a\\*b*", "a*bc", "yes"),
        ("a\\*b", "axb", "no"),
        ("a\\\\*", "a\\b", "yes"),
        ("[a]?", "[a]?", "yes"),
        ("[a]", "a", "no"),
        ("a?", "ab", "no"),
        ("*", 1, "no"),
    ],
)
def test_star_alone_stands_for_any_characters(
    outcome: Outcome, pattern: str, text: Any, result: str
) -> None:
    rules = [{"Variable": "$.text", "StringMatches": pattern, "Next": "Yes"}]
    states = {
        "Choose": {"Type": "Choice", "Choices": rules, "Default": "No"},
        "Yes": {"Type": "Pass", "Result": "yes", "End": True},
        "No": {"Type": "Pass", "Result": "no", "End": True},
    }
    assert outcome(states, {"text": text}) == result


INTRINSICS = [
    (r"States.Format('a {} b {}', $.one, $.objects[0].tag)", "a 1 b a"),
    (r"States.Format('\\{{}\\}', $.one)", "{1}"),
    (r"States.Format('it\\'s {}', $.one)", "it's 1"),
    (r"States.Format('back\\\\slash {}', $.one)", "back\\slash 1"),
    (r"States.Format('\\{\"k\": \"{}\"\\}', $.objects[0].tag)", '{"k": "a"}'),
    ("States.Format('{}', $.one, $.one)", Failed("States.IntrinsicFailure")),
    ("States.Array(1, null, 'null', true)", [1, None, "null", True]),
    (r"States.Array('a\\'b')", ["a'b"]),
    ("States.Format('one\n\ttwo: {}', $.one)", "one\n\ttwo: 1"),
    ("States.ArrayGetItem($.list, 1)", 2),
    ("States.ArrayGetItem($.list, 9)", Failed("States.IntrinsicFailure")),
    ("States.ArrayGetItem($.list, -1)", Failed("States.IntrinsicFailure")),
    ("States.ArrayLength($.objects[*].id)", 2),
    ("States.ArrayLength($['objects'][*]['id'])", 2),
    ('States.ArrayLength($.objects[?(@.tag == "b")])', 1),
    ("States.Format('{}[][]', $['objects'][0]['tag'])", "a[][]"),
    ("States.Format('{}', $$['State']['Name'])", "Call"),
    ("States.JsonToString($.objects[0])", '{"id":1,"tag":"a"}'),
    ("States.StringToJson('no json')", Failed("States.IntrinsicFailure")),
    ("States.JsonToString($.none)", RUNTIME),
    ("States.MathAdd($.list[-1], -1)", 2),
    ("States.MathAdd($.one, 1.5)", 3),
    ("States.Base64Encode(States.Format('{}', $.one))", "MQ=="),
    ("States.Base64Encode('é\U0001f600')", "w6nwn5iA"),
    ("States.Base64Decode('w6nwn5iA')", "é\U0001f600"),
    ("States.Base64Decode('w')", Failed("States.IntrinsicFailure")),
    ("States.JsonToString(States.Array('é', $.null))", '["é",null]'),
    ("States.ArrayContains($.list, true)", False),
    ("States.ArrayContains($.objects, $.objects[1])", True),
    ("States.ArrayContains($.one, 1)", Failed("States.IntrinsicFailure")),
    (
        "States.ArrayUnique(States.Array($.objects[0], 1, true, null, $.list, $.objects[0], 1))",
        [{"id": 1, "tag": "a"}, 1, True, None, [1, 2, 3]],
    ),
    ("States.JsonMerge($.list, $.object, false)", Failed("States.IntrinsicFailure")),
    ("States.JsonMerge($.object, $.object, true)", Failed("States.IntrinsicFailure")),
    ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
    ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
    ("States.ArrayRange(1, 3, 0)", Failed("States.IntrinsicFailure")),
    ("States.ArrayLength(States.ArrayRange(1, 1000, 1))", 1000),
    ("States.ArrayRange(0, 1000, 1)", Failed("States.IntrinsicFailure")),
    ("States.MathRandom(1, 2)", 1),
    ("States.MathRandom(1, 2, 7)", 1),
    ("States.MathRandom(2, 2)", Failed("States.IntrinsicFailure")),
    ("States.StringToJson($.one)", Failed("States.IntrinsicFailure")),
]


@pytest.mark.parametrize(("call", "result"), INTRINSICS)
def test_intrinsic_function_reads_its_escapes_and_names_its_failure(
    outcome: Outcome, call: str, result: Any
) -> None:
    # As it stands in a definition, where JSON escapes it once more.
    call = call.replace("\\\\", "\\").replace('\\"', '"')
    states = {"Call": {"Type": "Pass", "Parameters": {"given.$": call}, "End": True}}
    expected = result if isinstance(result, Failed) else {"given": result}
    assert outcome(states, DOCUMENT) == expected
