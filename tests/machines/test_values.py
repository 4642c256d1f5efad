"""Paths, intrinsic functions and JSONata as expressions."""

from dataclasses import replace
from typing import Any

import pytest

from statebag.machines.values.expressions import (
    Computed,
    Expression,
    Literal,
    Merged,
    Ref,
    Struct,
    Word,
    paths_in,
)
from statebag.machines.values.intrinsics import UnreadableFunctionError, parse_intrinsic
from statebag.machines.values.jsonata import parse_jsonata
from statebag.machines.values.paths import (
    Access,
    UnreadablePathError,
    parse_path,
    render_path,
    show_path,
)
from universal_sync_core.values.paths import parse_path as parse_core_path


@pytest.mark.parametrize(
    ("text", "shown", "is_whole"),
    [
        ("$", "$", True),
        ("$.a.b", "$.a.b", True),
        ("$['a b'].c[0]", "$.a b.c[0]", True),
        ('$["a.b"]', '$["a.b"]', True),
        ("$.a[*].b", "$.a[*].b", True),
        ("$.a[1:].b", "$.a", False),
        ("$.a[-1]", "$.a", False),
        ("$.a[0,1]", "$.a", False),
        ("$.a[?(@.x == 'y')].z", "$.a", False),
        ("$..x", "$", False),
        ("$$.Execution.Id", "$$.Execution.Id", True),
        ("$order.items[0]", "$order.items[0]", True),
        ("$.0x.b", "$.0x.b", True),
    ],
)
def test_path_is_read_as_far_as_it_leads_to_one_place(
    text: str,
    shown: str,
    is_whole: bool,  # noqa: FBT001 - of a table
) -> None:
    access = parse_path(text)

    assert (show_path(access.path), access.is_whole) == (shown, is_whole)


READ_WHOLE = {
    "a list has the elements of a list that is read": "[$states.input.a]",
    "and so have two": "[$states.input.a, {'b': 1}]",
    "a path that keeps a list makes one of a pointer": "$states.input.a[]",
    "a variable that keeps a list does": "$a[]",
}
MOVED = {
    "a list of what is put together": "[{'a': $states.input.a}, [1]]",
    "a path": "$states.input.a",
}


@pytest.mark.parametrize("code", READ_WHOLE.values(), ids=READ_WHOLE)
def test_expression_reads_what_it_would_make_something_else_of(code: str) -> None:
    made = parse_jsonata(code)

    assert isinstance(made, Computed)
    assert [read.word for read in made.reads] == [Word.PLAIN]


@pytest.mark.parametrize("code", MOVED.values(), ids=MOVED)
def test_expression_moves_what_it_leaves_as_it_is(code: str) -> None:
    assert isinstance(parse_jsonata(code), Ref | Struct)


@pytest.mark.parametrize("code", ["$states", "$string($states)", "$states.input.("])
def test_expression_that_takes_all_of_the_state_reads_its_context_too(code: str) -> None:
    assert {path[0] for path in paths_in(parse_jsonata(code))} >= {"$", "$$", "%result"}


@pytest.mark.parametrize("text", ["", "a.b", "$.a[", "$.x.length()", "{% $x %}", "$" + ".a" * 300])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(UnreadablePathError):
        parse_path(text)


def test_only_a_path_without_a_wildcard_leads_to_one_place() -> None:
    assert not Access(parse_path("$.a[*].b").path, is_whole=True).is_one


@pytest.mark.parametrize("steps", [("a", "b c", 3), ("a.b", 'say "x"'), ("ü", "[0]")])
def test_rendered_path_is_one_of_the_core(steps: Any) -> None:
    assert parse_core_path(render_path(steps)) == steps


def shown(made: Expression) -> list[str]:
    return [show_path(path) for path in paths_in(made)]


@pytest.mark.parametrize(
    ("call", "reads"),
    [
        ("States.Format('{} of {}', $.n, $.total)", ["$.n", "$.total"]),
        ("States.JsonToString($.order)", ["$.order", "$.order"]),
        ("States.ArrayGetItem($.list[1:], 0)", ["$.list"]),
        ("States.Hash(States.JsonToString($.a), 'SHA-256')", ["$.a", "$.a"]),
        ("States.Array($.a, States.Format('it\\'s {}', $.b), 'x', 3, true)", ["$.a", "$.b"]),
        ("States.ArrayContains($.l[?(@.x == ')')], 'a,b')", ["$.l"]),
        ("States.StringSplit($.text, ',')", ["$.text", "$.text"]),
        ("States.UUID()", []),
    ],
)
def test_intrinsic_function_reads_its_arguments(call: str, reads: list[str]) -> None:
    assert shown(parse_intrinsic(call)) == reads


@pytest.mark.parametrize("text", ["States.Format('{}', $.a", "States.Array($.a,)", "Other($.a)"])
def test_what_is_no_intrinsic_function_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFunctionError):
        parse_intrinsic(text)


def test_array_only_moves_its_elements_and_format_reads_scalars() -> None:
    array = parse_intrinsic("States.Array($.a)")
    text = parse_intrinsic("States.Format('{}', $.a)")

    assert isinstance(array, Struct)
    assert isinstance(array.fields[0], Ref)
    assert isinstance(text, Computed)
    assert text.reads[0].word is Word.SCALAR


@pytest.mark.parametrize(
    ("code", "kind", "reads"),
    [
        ("$states.input.a.b[0]", Ref, ["$.a.b[0]"]),
        ("$states.input", Ref, ["$"]),
        ("$order.lines", Ref, ["$order.lines"]),
        ("{'a': $states.input.x, 'n': 1}", Struct, ["$.x"]),
        ("[$states.input.x, $states.result]", Computed, ["$.x", "%result"]),
        ("$count($states.input.list)", Computed, ["$.list"]),
        ("$states.input.items[price > 3].id", Computed, ["$.items"]),
        ("$states.input.orders.lines.{'of': %.id}", Computed, ["$.orders"]),
        ("$states.input.all.orders@$o.lines.{'of': $o.id}", Computed, ["$.all", "$o.id"]),
        (
            "$append($states.input.list, $states.result.Payload)",
            Computed,
            ["$.list", "%result.Payload"],
        ),
        ("$states.input.a & 'x'", Computed, ["$.a"]),
        (
            "$map($states.input.l, function($v) { $v.x + $states.input.base })",
            Computed,
            ["$.l", "$v", "$v.x", "$.base"],
        ),
        ("($x := $states.input.l; $x[0].a)", Computed, ["$x", "$.l", "$x[0].a"]),
        ("$merge([$states.input, {'b': $states.result.x}])", Merged, ["$", "%result.x"]),
        ("$merge($states.input.list)", Computed, ["$.list"]),
        ("$states.errorOutput.Cause", Ref, ["%error.Cause"]),
        ("$states.context.Map.Item.Value.id", Ref, ["%item.id"]),
        ("$states.context.Execution.Input", Computed, ["$$.Execution.Input"]),
        ("$states.context.Execution.Input.a", Ref, ["$$.Execution.Input.a"]),
        ("'text'", Literal, []),
        ("$states.input.(", Computed, ["$", "%result", "%error", "%item", "$$.Execution.Input"]),
    ],
)
def test_jsonata_moves_a_pure_path_and_reads_all_others(
    code: str, kind: type, reads: list[str]
) -> None:
    made = parse_jsonata(code)

    assert isinstance(made, kind)
    assert shown(made) == reads


# Each ends the parser in another error of Python.
UNREADABLE = ["/* no end", "/no end", "`", "!", "a ~> ^", "/[/", "/a{9999999999}/", "9" * 5_000]


@pytest.mark.parametrize("code", UNREADABLE)
def test_expression_that_the_parser_cannot_read_may_read_anything(code: str) -> None:
    unreadable = parse_jsonata("$states.input.(")
    assert isinstance(unreadable, Computed)
    assert parse_jsonata(code) == replace(unreadable, text=len(code))


@pytest.mark.parametrize("code", ["$states.input.n = 3", "$states.input.n > $states.input.m + 1"])
def test_comparison_reads_scalars(code: str) -> None:
    made = parse_jsonata(code)

    assert isinstance(made, Computed)
    assert {read.word for read in made.reads} == {Word.SCALAR}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("$count($states.input.l) > 0", {"$.l": Word.LIST}),
        ("$not($exists($states.input.a))", {"$.a": Word.REACHED, '$[""]': Word.OPEN}),
        ("$exists($states.input.l.x)", {"$.l.x": Word.REACHED, '$.l[""]': Word.OPEN}),
        ("$count($states.input.l[x > 1])", {"$.l": Word.PLAIN}),
        ("$count($keys($states.input.a))", {"$.a": Word.PLAIN}),
        ("$states.input.x in $states.input.l", {"$.x": Word.SCALAR, "$.l": Word.PLAIN}),
    ],
)
def test_function_that_counts_or_asks_for_presence_needs_no_more_than_that(
    code: str, words: dict[str, Word]
) -> None:
    made = parse_jsonata(code)

    assert isinstance(made, Computed)
    assert {show_path(read.path): read.word for read in made.reads} == words
