"""The grammar of paths, and the trees of needs made of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.lazy.needs import below, from_start, parse_needs
from universal_sync_core.values.paths import (
    Range,
    Selection,
    parse_path,
    parse_selection,
    render_path,
)

steps = st.one_of(st.text(min_size=1, max_size=5), st.integers(-20, 20))
ends = st.one_of(st.none(), st.integers(-20, 20))
selections = st.tuples(
    st.lists(steps, min_size=1, max_size=4), st.lists(st.builds(Range, ends, ends), max_size=1)
).map(lambda parts: (*parts[0], *parts[1]))


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("current_state", ("current_state",)),
        ("current_state.items[3].name", ("current_state", "items", 3, "name")),
        ('a["b.c"][0]', ("a", "b.c", 0)),
        ('a.["b"]', ("a", "b")),
        ("a['b.c'][0]", ("a", "b.c", 0)),
        (r"""['it\'s "b" \\'].['']""", ('it\'s "b" \\', "")),
        ('["$"].a', ("$", "a")),
        ("a.$", ("a", "$")),
        ("items[-1]", ("items", -1)),
        ("state_history[-20:]", ("state_history", Range(-20, None))),
        ("items[:5]", ("items", Range(None, 5))),
        ("items[2:-1]", ("items", Range(2, -1))),
        ("items[:]", ("items", Range(None, None))),
        ("[0]", (0,)),
    ],
)
def test_a_path_is_read(text: str, selection: Selection) -> None:
    assert parse_selection(text) == selection


@given(selections)
def test_a_path_of_any_names_is_read_as_it_was_written(selection: Selection) -> None:
    assert parse_selection(render_path(selection)) == selection


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", "a.", ".a", "a[", "a[x]", "a[1", "a['b", 'a["b]', 'a["\\x"]', "a[1:2].b"],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_selection(text, field="needs")
    assert caught.value.field == "needs"


@pytest.mark.parametrize("text", ["$", "$.current_state", "$[0]", "$['a']"])
def test_a_path_does_not_begin_as_that_of_a_state_machine(text: str) -> None:
    """It would lead to nothing, and nobody would be told."""
    with pytest.raises(InvalidRequestError, match=r"not with \$") as caught:
        parse_path(text, field="needs")
    assert caught.value.field == "needs"


@pytest.mark.parametrize("text", ["a[-1]", "a[1:2]", "a[:]"])
def test_a_path_to_one_place_counts_from_the_start(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_path(text)


def test_needs_are_a_tree_in_which_the_shorter_path_counts() -> None:
    assert parse_needs(["a.b", "a.c[0]", "d", "d.e"]) == {"a": {"b": {}, "c": {0: {}}}, "d": {}}
    assert parse_needs(["d.e", "d"]) == {"d": {}}
    assert parse_needs(["a", "a"]) == {"a": {}}
    assert parse_needs([]) == {}


@pytest.mark.parametrize(
    "paths", [["a[:3]", "a[0]"], ["a[0]", "a[:3]"], ["a[:3]", "a[:4]"], ["a.b", "a[1:]"]]
)
def test_a_list_is_needed_as_one_range_or_otherwise(paths: list[str]) -> None:
    with pytest.raises(InvalidRequestError, match="a is needed as a range and otherwise"):
        parse_needs(paths)


def test_all_of_a_list_takes_in_its_range() -> None:
    assert parse_needs(["a", "a[:3]"]) == parse_needs(["a[:3]", "a"]) == {"a": {}}


def test_positions_from_the_end_are_counted_from_the_start() -> None:
    assert from_start({-1: {}, 2: {"x": {}}}, 10) == {9: {}, 2: {"x": {}}}
    assert from_start(None, 10) is None


@pytest.mark.parametrize(
    ("paths", "needed"),
    [
        (["[0].a", "[-1].b"], {"a": {}, "b": {}}),
        (["[0].a.x", "[-1].a.y"], {"a": {"x": {}, "y": {}}}),
        (["[0].a", "[-1]"], {}),
        (["[0]", "[-1].a"], {}),
        (["[0][:2]", "[-1][:2]"], {Range(None, 2): {}}),
        (["[0][:2]", "[-1][3]"], {}),
    ],
)
def test_the_first_element_may_be_the_last_one_too(paths: list[str], needed: Any) -> None:
    needs = parse_needs([f"items{path}" for path in paths])
    assert from_start(needs["items"], 1) == {0: needed}


def test_what_was_not_asked_for_is_refused_with_its_path() -> None:
    needs = parse_needs(["a.b"])
    assert below(None, "anything", ()) is None
    assert below(needs["a"], "b", ("a",)) == {}
    with pytest.raises(InvalidRequestError, match=r"a\.c\.d\[0\] is not among the needs"):
        below({"x": {}}, 0, ("a", "c", "d"))
