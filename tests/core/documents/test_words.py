"""Three words say what stays readable in place: exactly that, and what lies above it."""

import tracemalloc
from typing import Any

import pytest

from tests.core.bags import CONTEXT, fresh
from tests.core.documents.oracle import is_pointer, pointers
from tests.core.fakes import CountingStore, SlowStore
from universal_sync_core import hydrate, offload
from universal_sync_core.documents.words import words
from universal_sync_core.errors import InvalidRequestError, StateTooLargeError

pytestmark = pytest.mark.usefixtures("store")

LARGE = "x" * 90_000
DOCUMENT: dict[str, Any] = {
    "order": {"status": "OPEN", "customer": {"name": "Ada", "note": LARGE}, "log": [LARGE]},
    "items": [{"id": n, "body": LARGE, "sub": {"k": n, "v": LARGE}} for n in range(3)],
    "a key.with [dots]": {"inner": 1, "large": LARGE},
}


def _words(word: str, paths: Any) -> Any:
    return {word: paths}


def small(**words: Any) -> Any:
    offloaded = offload(DOCUMENT, CONTEXT, at_most=8_000, **words)
    assert hydrate(offloaded, context=CONTEXT) == DOCUMENT
    return offloaded


def test_plain_path_is_plain_and_what_lies_above_it_is_open() -> None:
    order = small(plain=["order.status", "order.customer.name"])["order"]
    assert order["status"] == "OPEN"
    assert order["customer"]["name"] == "Ada"
    assert is_pointer(order["customer"]["note"])
    assert is_pointer(order["log"])


def test_plain_is_plain_to_the_bottom() -> None:
    document = {"keep": {"a": [{"b": "y" * 3_000}] * 2}, "rest": LARGE}
    kept = offload(document, CONTEXT, at_most=8_000, plain=["keep"])
    assert kept["keep"] == document["keep"]


def test_open_container_stays_and_its_members_may_leave() -> None:
    order = small(open=["order.customer"])["order"]
    assert order["customer"]["name"] == "Ada"
    assert is_pointer(order["customer"]["note"])


def test_list_stays_a_list_and_its_elements_may_leave() -> None:
    items = small(list=["items"])["items"]
    assert [is_pointer(item) for item in items] == [True] * 3


def test_wildcard_reaches_into_every_element() -> None:
    items = small(plain=["items[*].id", "items[*].sub.k"])["items"]
    assert [(item["id"], item["sub"]["k"]) for item in items] == [(0, 0), (1, 1), (2, 2)]
    assert all(is_pointer(item["body"]) and is_pointer(item["sub"]["v"]) for item in items)


def test_position_reaches_into_one_element_and_others_may_leave() -> None:
    items = small(plain=["items[1].id"])["items"]
    assert [is_pointer(item) for item in items] == [True, False, True]
    assert items[1]["id"] == 1


def test_position_and_wildcard_hold_together() -> None:
    items = small(plain=["items[*].id"], open=["items[2].sub"])["items"]
    assert [is_pointer(item["sub"]) for item in items] == [True, True, False]


def test_name_leads_into_every_element_of_a_list_as_in_jsonata() -> None:
    items = small(plain=["items.id", "items.sub.k"])["items"]
    assert [(item["id"], item["sub"]["k"]) for item in items] == [(0, 0), (1, 1), (2, 2)]
    assert all(is_pointer(item["body"]) and is_pointer(item["sub"]["v"]) for item in items)


LINES: list[Any] = [{"n": 1}, {"text": LARGE}]
ORDERS: list[Any] = [{"lines": LINES, "note": LARGE}, [{"lines": LINES}]]


def taken(document: Any, path: str) -> Any:
    kept = offload(document, CONTEXT, at_most=8_000, open=[path])
    assert hydrate(kept, context=CONTEXT) == document
    assert offload(kept, CONTEXT, at_most=8_000, open=[path]) == kept
    return kept


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_list_that_jsonata_takes_out_of_each_element_of_a_list_stays_a_list(depth: int) -> None:
    document: Any = ORDERS
    for _ in range(depth):
        document = {"a": document}

    kept = taken(document, f'{".".join("a" * depth)}[""].lines[""]')

    for _ in range(depth):
        kept = kept["a"]
    for order in (kept[0], kept[1][0]):
        assert order["lines"][0] == {"n": 1}
        assert is_pointer(order["lines"][1]["text"])
    assert is_pointer(kept[0]["note"])


def test_list_on_the_way_is_enough() -> None:
    kept = taken({"a": [{"b": {"lines": LINES}}, {"b": LARGE}]}, 'a.b[""].lines[""]')
    assert is_pointer(kept["a"][0]["b"]["lines"][1]["text"])
    assert is_pointer(kept["a"][1]["b"])


def test_what_jsonata_takes_out_of_an_object_may_leave() -> None:
    kept = taken({"a": {"lines": [{"n": n} for n in range(2_000)]}}, 'a[""].lines[""]')
    assert is_pointer(kept["a"]["lines"])


@pytest.mark.parametrize("text", [LARGE, "cut in an emoji: \ud83d"], ids=["large", "cut"])
def test_text_that_jsonata_takes_out_of_each_element_may_leave(text: str) -> None:
    kept = taken({"a": [{"lines": text}, {"lines": [text, 1]}], "rest": LARGE}, 'a[""].lines[""]')
    assert is_pointer(kept["a"][0]["lines"])
    assert is_pointer(kept["a"][1]["lines"][0])


def test_first_position_leads_to_a_value_that_is_no_list_as_in_jsonata() -> None:
    order = small(plain=["order[0].customer[0].name"])["order"]
    assert order["customer"]["name"] == "Ada"
    assert is_pointer(order["customer"]["note"])
    kept = offload({"keep": {"a": "y" * 3_000}, "rest": LARGE}, CONTEXT, plain=["keep[0]"])
    assert kept["keep"] == {"a": "y" * 3_000}


@pytest.mark.parametrize(
    "path",
    [
        '["a key.with [dots]"].inner',
        '$["a key.with [dots]"].inner',
        "$['a key.with [dots]']['inner']",
    ],
)
def test_key_of_any_letters_is_named_in_brackets(path: str) -> None:
    assert small(plain=[path])["a key.with [dots]"]["inner"] == 1


def test_wildcard_stands_for_the_keys_of_an_object_too() -> None:
    document = {"by": {name: {"id": name, "large": LARGE} for name in "ab"}}
    for path in ("by[*].id", "$.by[*].id"):
        kept = offload(document, CONTEXT, at_most=4_000, plain=[path])
        assert [each["id"] for each in kept["by"].values()] == ["a", "b"]


def test_whole_document_is_named_by_a_dollar_sign() -> None:
    with pytest.raises(StateTooLargeError):
        small(plain=["$"])
    many = {f"key {n}": n for n in range(9_000)}
    with pytest.raises(StateTooLargeError, match=r"\$ takes"):
        offload(many, CONTEXT, open=["$"])


def test_path_that_leads_nowhere_keeps_nothing() -> None:
    plain = ["nowhere.to.be[3].found", "order.status.deeper"]
    assert small(plain=plain)["order"]["status"] == "OPEN"


@pytest.mark.parametrize(
    "path", ["", "a[1:]", "a[-1]", "a..b", "a[?(@.b)]", "$$[", "a[", "by.*.id"]
)
@pytest.mark.parametrize("word", ["open", "list", "plain"])
def test_path_that_names_no_places_is_refused(word: str, path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        offload({}, CONTEXT, **_words(word, [path]))
    assert refused.value.field == word


@pytest.mark.parametrize("paths", ["items", 5, [5]])
def test_words_are_lists_of_paths(paths: Any) -> None:
    with pytest.raises(InvalidRequestError):
        offload({}, CONTEXT, plain=paths)


def test_path_through_a_pointer_opens_it_as_far_as_is_needed() -> None:
    leaving = offload(DOCUMENT, CONTEXT, at_most=2_000)
    assert is_pointer(leaving["order"])
    later = offload(leaving, CONTEXT, at_most=8_000, plain=["order.status", "items[1].sub.k"])
    assert later["order"]["status"] == "OPEN"
    assert later["items"][1]["sub"]["k"] == 1
    assert is_pointer(later["items"][0])
    assert hydrate(later, context=CONTEXT) == DOCUMENT


def test_hydrate_reads_what_its_paths_name_and_no_more(store: CountingStore) -> None:
    document = {"a": {"b": LARGE, "c": "c" * 70_000}, "d": LARGE * 2}
    leaving = offload(document, CONTEXT, at_most=2_000)
    store.reset()
    read = hydrate(leaving, ["a.b"], CONTEXT)
    assert read["a"]["b"] == LARGE
    assert is_pointer(read["a"]["c"])
    assert read["d"] is leaving["d"]


def test_hydrated_list_element_stands_in_its_list() -> None:
    leaving = offload(DOCUMENT, CONTEXT, at_most=2_000)
    read = hydrate(leaving, ["items[2].body"], CONTEXT)
    assert read["items"][2]["body"] == LARGE
    assert len(list(pointers(read["items"]))) >= 2


def test_words_take_memory_by_the_bytes_of_their_paths() -> None:
    """Each path is rendered only for a message, and not once for each of its steps."""
    paths = [f"p{n}" + ".a_longer_name" * 1_000 for n in range(4)]
    tracemalloc.start()
    try:
        words(plain=paths)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * sum(map(len, paths))


def test_all_elements_of_a_list_have_one_need() -> None:
    """Otherwise many paths and many elements take the product of both."""
    need = words(plain=[f"items.k{n}" for n in range(100)]).below("items")
    first, second = need.below(0), need.below(1)
    assert first.nodes[0] is second.nodes[0]
    assert first.below("k7").is_plain


def test_refusal_names_the_paths_that_need_most() -> None:
    document = {"a": [{"b": {"c": LARGE}}], "d": [1, [2, {"e": LARGE + "x"}]]}
    with pytest.raises(StateTooLargeError, match=r"d\[1\]\[\*\] takes 90,0\d\d, a.b takes 90,0"):
        offload(document, CONTEXT, at_most=8_000, plain=["$.d[1][*]", "a.b", "a[3].x"])


@pytest.mark.parametrize("word", ["open", "plain"])
def test_answers_in_s3_are_opened_side_by_side(store: CountingStore, word: str) -> None:
    """A Map leaves one for each item; what a reader needs may be behind a pointer in each."""
    answers: list[Any] = [
        {"id": n, "order": {"sku": f"{n}" * 900, "more": LARGE}} for n in range(40)
    ]
    stored = [offload({"answer": each}, CONTEXT, at_most=1_500)["answer"] for each in answers]
    slow = SlowStore(store, seconds=0.02)
    with fresh(slow):
        opened = offload(stored, CONTEXT, at_most=100_000, **_words(word, ["[*].order.sku"]))
    assert all(map(is_pointer, stored))
    assert [each["order"]["sku"] for each in opened] == [each["order"]["sku"] for each in answers]
    assert slow.most_at_once > 10
