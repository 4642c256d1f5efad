"""Whatever the document and the words: bounded, lossless, idempotent, and the words hold."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bags import CONTEXT, TRIES, Unchanged, fresh
from tests.core.documents import oracle
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.test_lossless import values
from universal_sync_core import calculate_payload_size, hydrate, offload
from universal_sync_core.errors import StateTooLargeError, StoreUnavailableError

NAMES = st.sampled_from(["a", "b", "report", "items", "é", "[*]", "[0]", "[1]"])
paths = st.lists(NAMES, min_size=1, max_size=3).map(
    lambda names: "".join(n if n.startswith("[") else f".{n}" for n in names).lstrip(".")
)
word = st.lists(paths, max_size=2)
documents = st.one_of(values, st.dictionaries(NAMES.filter(str.isalpha), values, max_size=6))
PAGES = {"page_bytes": 400, "index_bytes": 300}


@settings(max_examples=150, deadline=None)
@given(documents, word, word, word, st.sampled_from([600, 1_500, 4_000]))
def test_words_hold_and_nothing_is_lost(
    document: Any, open_: list[str], list_: list[str], plain: list[str], at_most: int
) -> None:
    words: Any = {"open": open_, "list": list_, "plain": plain}
    with fresh(CountingStore(), **PAGES), Unchanged(document):
        try:
            small = offload(document, CONTEXT, at_most=at_most, **words)
        except StateTooLargeError:
            assert any(words.values())
            assert calculate_payload_size(document) > at_most
            return
        assert calculate_payload_size(small) <= at_most
        assert hydrate(small, context=CONTEXT) == document
        again = offload(small, CONTEXT, at_most=at_most, **words)
        assert again == small
        if not any(words.values()):
            assert oracle.is_pointer(small) or type(small) is type(document)
        for path in plain:
            found, was = (list(oracle.at(each, path)) for each in (small, document))
            assert [oracle.whole(each) for each in found] == found
            assert found == was
        for path in (*open_, *list_):
            found, was = (list(oracle.at(each, path)) for each in (small, document))
            assert [type(each) for each in found] == [type(each) for each in was]
            assert not any(map(oracle.is_pointer, found))


@settings(max_examples=60, deadline=None)
@given(documents, st.integers(0, 2 * TRIES), word)
def test_faults_are_errors_or_lose_nothing(document: Any, faults: int, plain: list[str]) -> None:
    inner = CountingStore()
    try:
        with fresh(FlakyStore(inner, fail=faults), **PAGES):
            small = offload(document, CONTEXT, at_most=500, plain=plain)
    except (StoreUnavailableError, StateTooLargeError):
        return
    with fresh(inner, **PAGES):
        assert hydrate(small, context=CONTEXT) == document
