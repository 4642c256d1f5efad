"""Random JSONata over a document from which everything has left that may: it makes the same."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonata import JException, Jsonata

from tests.core.bags import CONTEXT, fresh
from tests.core.fakes import CountingStore
from tests.machines.building import Fields, machine, words_before
from universal_sync_core import hydrate, offload
from universal_sync_core.errors import StateTooLargeError

LARGE = "x" * 3_000
NAMES = st.sampled_from("abc")
ROWS: Any = [
    {"a": [LARGE, "p"], "b": LARGE, "c": {"a": [LARGE, 1]}},
    [{"a": [LARGE], "b": {"a": LARGE, "c": [3]}}],
    {"a": LARGE, "c": [{"a": [LARGE], "b": 2}, {"a": 1}]},
]
OBJECT: Any = {"a": [1, LARGE], "b": [{"c": [LARGE]}, {"c": [LARGE, 2]}], "c": LARGE}
DOCUMENTS: Any = [
    {"a": ROWS, "b": OBJECT, "c": [[LARGE], [OBJECT]]},
    [{"a": ROWS, "b": LARGE}, {"a": OBJECT, "c": ROWS}],
    {"a": {"b": ROWS}, "b": {"a": OBJECT, "b": LARGE}},
]
steps = st.builds(lambda name, position: f".{name}{position}", NAMES, st.sampled_from(["", "[0]"]))
paths = st.lists(steps, min_size=1, max_size=2).map(lambda names: f"$states.input{''.join(names)}")
expressions = st.one_of(
    paths,
    paths.map(lambda path: f"$count({path})"),
    paths.map(lambda path: f"$exists({path})"),
    paths.map(lambda path: f"{path}[]"),
    paths.map(lambda path: f"{path}.{{'q': a}}"),
    st.builds(lambda one, other: f"$append({one}, {other})", paths, paths),
    st.builds(lambda one, other: f"$merge([{one}, {other}])", paths, paths),
    st.builds(lambda one, other: f"$merge([{one}, {{'a': {other}, 'b': 1}}])", paths, paths),
    st.builds(lambda one, other: f"{one} ? {other} : 0", paths, paths),
)
outputs = st.dictionaries(NAMES, expressions, min_size=1)


def made(output: dict[str, str], document: Any) -> Any:
    """Return what an Output makes; a value that is undefined has no key."""
    found: dict[str, Any] = {}
    for key, code in output.items():
        expression = Jsonata(code)
        expression.assign("states", {"input": document})
        value = expression.evaluate(None)
        found |= {key: json.loads(json.dumps(value))} if value is not None else {}
    return found


def passing(output: dict[str, str]) -> Fields:
    return {"Type": "Pass", "Output": {key: f"{{% {code} %}}" for key, code in output.items()}}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(DOCUMENTS), outputs, outputs, st.sampled_from([2_500, 7_000]))
def test_two_states_make_of_an_offloaded_document_what_they_make_of_it(
    document: Any, first: dict[str, str], second: dict[str, str], at_most: int
) -> None:
    try:
        expected = made(second, made(first, document))
    except JException:  # `$merge` of what is no object
        return
    definition = machine({"S": passing(first), "T": passing(second)}, QueryLanguage="JSONata")
    words: Any = words_before(definition, "S").to_json()
    with fresh(CountingStore()):
        try:
            small = offload(document, CONTEXT, at_most=at_most, **words)
        except StateTooLargeError:
            return
        got = hydrate(made(second, made(first, small)), context=CONTEXT)

    assert got == expected
