"""A type checker finds what the workflow would refuse; a decorator refuses what cannot work."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from mypy import api

from tests.core.bags import CONTEXT, fresh, hydrated
from tests.core.fakes import CountingStore
from universal_sync_core import Status, hydrate_state, open_bag, state_task, universal_sync_core
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.worker.result_types import StatusName

WORKERS = Path(__file__).parent / "typed" / "workers.py"
ROOT = Path(__file__).parents[2]


def wrong_lines(text: str) -> set[int]:
    return {n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# wrong")}


def test_mypy_finds_what_is_wrong_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    out, err, _ = api.run(["--strict", "--hide-error-context", str(WORKERS)])
    assert not err
    found = {int(line) for line in re.findall(r"workers\.py:(\d+): error", out)}
    assert found == wrong_lines(WORKERS.read_text()), out


def test_the_names_of_the_type_are_the_members() -> None:
    assert set(get_args(StatusName)) == {status.value for status in Status}


@pytest.mark.parametrize(
    ("wrong", "given"),
    [("a.b", "a str"), ("", "a str"), (5, "a int"), ([1], "a int"), (["a", None], "a NoneType")],
)
@pytest.mark.parametrize("option", ["needs", "keep_inline"])
def test_what_is_no_list_of_paths_is_refused_where_the_decorator_stands(
    option: str, wrong: Any, given: str
) -> None:
    options: dict[str, Any] = {option: wrong}
    with pytest.raises(InvalidRequestError, match=f"{option}.*, not {given}") as caught:
        state_task(**options)
    assert caught.value.field == option


@pytest.mark.parametrize(
    "strategy",
    [
        *({"x": "sum"}, {"x": {"strategy": "merge_by_key"}}, "append", ["x"]),
        *({5: "append"}, {"": "append"}, {"x": None}, {"x": ["append"]}),
    ],
)
def test_a_merge_strategy_that_there_is_not_is_refused_where_the_decorator_stands(
    strategy: Any,
) -> None:
    with pytest.raises(InvalidRequestError, match="merge") as caught:
        state_task(sync=True, merge_strategy=strategy)
    assert str(caught.value.field).startswith("merge_strategy")


def test_one_path_in_the_place_of_a_list_is_refused_everywhere() -> None:
    wrong: Any = "a.b"
    with pytest.raises(InvalidRequestError):
        open_bag({}, needs=wrong)
    with pytest.raises(InvalidRequestError):
        hydrate_state({}, wrong)
    with pytest.raises(InvalidRequestError):
        universal_sync_core({}, {}, {"keep_inline": wrong})


@pytest.mark.parametrize("paths", [["a"], ("a",), {"a"}, frozenset({"a"}), []])
def test_several_paths_may_come_in_any_collection(paths: Any) -> None:
    handler = state_task(needs=paths, keep_inline=paths)(lambda state: {"n": sorted(state)})
    assert handler({"state_data": {"a": 1}}) == {"n": ["a"] if paths else []}


@pytest.mark.parametrize("event", [{"item": 1, "index": 0}, {"state_data": {}}])
@pytest.mark.parametrize("sync", [True, False])
def test_a_worker_may_say_how_its_values_are_encoded(event: Any, *, sync: bool) -> None:
    def as_text(value: object) -> str:
        if isinstance(value, Decimal):
            return str(value)
        raise TypeError

    def worker(_: Any) -> dict[str, Any]:
        return {"price": Decimal("9.90"), "lines": ["x" * 1_000] * 100}

    with fresh(CountingStore()):
        answer = state_task(sync=sync, encode=as_text)(worker)(event | CONTEXT)
        merged = answer.get("state_data") or universal_sync_core(dict(CONTEXT), answer)
        assert hydrated(merged)["price"] == "9.90"
        with pytest.raises(InvalidRequestError, match="price"):
            state_task(sync=sync)(worker)(event | CONTEXT)


@pytest.mark.parametrize("wrong", [5, "str", {}, [str]])
def test_an_encode_that_is_no_function_is_refused_where_the_decorator_stands(wrong: Any) -> None:
    with pytest.raises(InvalidRequestError, match="encode") as caught:
        state_task(encode=wrong)
    assert caught.value.field == "encode"
