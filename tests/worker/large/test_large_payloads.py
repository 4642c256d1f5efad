"""A handler of any event: pointers come in and go out, and the handler sees values."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from awslambdaric.lambda_runtime_marshaller import to_json
from pydantic import BaseModel

from local.played.lambda_context import LambdaContext
from tests.core.bags import KIB, fresh
from tests.core.documents.oracle import is_pointer, pointers
from tests.core.fakes import CountingStore, FlakyStore
from tests.core.values.test_codec import nested
from tests.worker.large.events import DOCUMENT, OWNER, REPORT, TEXT, context
from universal_sync_core import (
    MapView,
    calculate_payload_size,
    hydrate,
    large_payloads,
    offload,
    plain,
)
from universal_sync_core.errors import (
    InvalidRequestError,
    StateTooLargeError,
    StoreUnavailableError,
)


def whole(answer: Any) -> Any:
    return hydrate(answer, context=OWNER)


def test_handler_sees_values_where_pointers_stand(event: Any) -> None:
    @large_payloads
    def handler(event: Any, _context: LambdaContext) -> Any:
        assert event["report"]["text"] == TEXT
        assert event["report"]["rows"][89]["n"] == 89
        assert plain(event["odd"]) == [{"__s3_offloaded": True}]
        assert isinstance(event["report"], MapView)
        return {
            "title": event["report"]["title"],
            "ids": [row["n"] for row in event["report"]["rows"]],
        }

    assert handler(event, context()) == {"title": "Orders", "ids": list(range(90))}


def test_nothing_is_read_that_is_not_touched(event: Any, store: CountingStore) -> None:
    @large_payloads
    def handler(event: Any, _context: LambdaContext) -> Any:
        return event["id"]

    assert handler(event, context()) == 7
    assert store.requests == 0


@pytest.mark.parametrize("eager", [False, True])
def test_what_came_as_a_pointer_and_did_not_change_goes_out_as_that_pointer(
    event: Any, store: CountingStore, *, eager: bool
) -> None:
    @large_payloads(eager=eager, at_most=256 * KIB)
    def handler(event: Any, _context: LambdaContext) -> Any:
        return {**event, "answer": 42, "again": [event["text"], event["report"]["rows"]]}

    answer = handler(event, context())
    assert answer == {**event, "answer": 42, "again": [event["text"], event["report"]["rows"]]}
    assert store.puts == []


def test_texts_that_a_handler_goes_through_are_not_held(store: CountingStore) -> None:
    texts = [f"{n:07}" * 100_000 for n in range(40)]

    @large_payloads
    def handler(event: Any, _context: LambdaContext) -> Any:
        return next(text for text in event["texts"] if text == texts[-1])

    event = offload({"texts": texts}, OWNER, at_most=1 * KIB)
    with fresh(store, cache_bytes=1):
        tracemalloc.start()
        try:
            answer = handler(event, context())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert whole(answer) == texts[-1]
    assert peak < len(texts[0]) * len(texts) / 2


@pytest.mark.parametrize("copied", [dict, lambda event: dict(event.items()), plain])
def test_copy_of_an_event_goes_out_small_and_writes_nothing(
    event: Any, store: CountingStore, copied: Any
) -> None:
    @large_payloads(at_most=4 * KIB, open=["report"])
    def handler(event: Any, _context: LambdaContext) -> Any:
        return {**copied(event), "answer": 42}

    answer = handler(event, context())
    assert calculate_payload_size(answer) <= 4 * KIB
    assert list(pointers(answer)) == list(pointers(event))
    assert store.puts == []


def test_eager_event_is_plain_and_may_be_changed(event: Any, store: CountingStore) -> None:
    @large_payloads(eager=True)
    def handler(event: Any, _context: LambdaContext) -> Any:
        assert json.loads(json.dumps(event)) == DOCUMENT
        event["report"]["rows"].append({"n": 90})
        event["status"] = "DONE"
        return event

    answer = handler(event, context())
    assert answer["text"] == event["text"]
    changed = {**REPORT, "rows": [*REPORT["rows"], {"n": 90}]}
    assert whole(answer) == {**DOCUMENT, "report": changed, "status": "DONE"}
    assert len(store.gets) == 1  # one text stands in two places, and both lie in one pack


@pytest.mark.usefixtures("store")
def test_large_answer_leaves_in_its_largest_parts() -> None:
    @large_payloads
    def handler(_event: Any, _context: LambdaContext) -> Any:
        return {"small": 1, "large": [TEXT], "both": {"a": 1, "b": TEXT}}

    answer = handler({}, context())
    assert answer["small"] == 1
    assert is_pointer(answer["large"])
    assert calculate_payload_size(answer) <= 60 * KIB
    assert whole(answer) == {"small": 1, "large": [TEXT], "both": {"a": 1, "b": TEXT}}


@pytest.mark.usefixtures("store")
def test_words_come_beside_the_event_and_options_count_where_none_do() -> None:
    @large_payloads(plain=["b.a"], at_most=1_000)
    def handler(_event: Any, _context: LambdaContext) -> Any:
        return {"a": {"k": 1, "large": TEXT}, "b": {"a": 1, "large": TEXT}}

    by_options = handler({}, context())
    assert (is_pointer(by_options["a"]), by_options["b"]["a"]) == (True, 1)
    beside = handler({}, context(plain=["a.k"], at_most=2_000))
    assert (beside["a"]["k"], is_pointer(beside["b"])) == (1, True)
    with pytest.raises(StateTooLargeError, match=r"a\.large takes"):
        handler({}, context(plain=["a.large"]))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("word", ["open", "list", "plain", "at_most"])
def test_word_beside_the_event_that_is_none_is_refused_by_name(word: str) -> None:
    handler = large_payloads(lambda event, _context=None: event)
    with pytest.raises(InvalidRequestError) as refused:
        handler({}, context(**{word: "order"}))
    assert refused.value.field == word


def test_keys_beside_a_pointer_are_refused_before_the_handler_starts(event: Any) -> None:
    event["report"]["rows"]["status"] = "written"
    with pytest.raises(InvalidRequestError, match=r"report\.rows was written into"):
        large_payloads(lambda _event, _context: 1)(event, context())


@pytest.mark.parametrize("given", [None, 5, "text", [1, {"a": 2}], True])
@pytest.mark.usefixtures("store")
def test_event_may_be_any_json(given: Any) -> None:
    assert large_payloads(lambda event: event)(given) == given
    assert large_payloads(eager=True)(lambda event: event)(given) == given


@pytest.mark.usefixtures("store")
def test_whole_event_may_be_a_pointer() -> None:
    handler = large_payloads(lambda event, _context=None: [len(event), event[5]])
    pointer = offload(list(range(50_000)), OWNER)
    assert is_pointer(pointer)
    assert handler(pointer, context()) == [50_000, 5]


def test_asynchronous_handler_is_awaited(event: Any) -> None:
    @large_payloads
    async def handler(event: Any, _context: LambdaContext) -> Any:
        await asyncio.sleep(0)
        return [event["text"]]

    assert handler(event, context()) == [event["text"]]


@pytest.mark.usefixtures("store")
def test_generator_is_a_list_that_leaves_as_it_is_made() -> None:
    @large_payloads
    def rows(event: Any, _context: LambdaContext) -> Iterator[Any]:
        for n in range(event["count"]):
            yield {"n": n, "text": "t" * 100}

    @large_payloads
    async def many(event: Any, _context: LambdaContext) -> AsyncIterator[Any]:
        for n in range(event["count"]):
            yield {"n": n, "text": "t" * 100}

    for handler in (rows, many):
        answer = handler({"count": 2_000}, context())
        assert is_pointer(answer)
        assert whole(answer)[1_999] == {"n": 1_999, "text": "t" * 100}
        assert handler({"count": 1}, context()) == [{"n": 0, "text": "t" * 100}]


class Order(BaseModel):
    id: int
    report: dict[str, Any]


def test_model_takes_the_place_of_the_event_and_may_be_answered(event: Any) -> None:
    @large_payloads(model=Order)
    def handler(order: Order, _context: LambdaContext) -> Order:
        assert order.report["text"] == TEXT
        return order.model_copy(update={"id": 8})

    answer = handler(event, context())
    assert calculate_payload_size(answer) <= 60 * KIB
    assert whole(answer) == {"id": 8, "report": REPORT}
    with pytest.raises(InvalidRequestError, match=r"event\.report: Field required"):
        handler({"id": 1}, context())


def test_powertools_decorators_stand_above_and_below(event: Any) -> None:
    from aws_lambda_powertools import Logger  # noqa: PLC0415 - of one test
    from aws_lambda_powertools.utilities.data_classes import (  # noqa: PLC0415
        SQSEvent,
        event_source,
    )
    from aws_lambda_powertools.utilities.parser import event_parser  # noqa: PLC0415

    logger = Logger(service="tests")

    @logger.inject_lambda_context(correlation_id_path="id")
    @large_payloads
    def above(event: Any, _context: LambdaContext) -> Any:
        return event["text"]

    @large_payloads(eager=True)
    @logger.inject_lambda_context
    @event_parser(model=Order)  # type: ignore[arg-type, type-var, unused-ignore]
    def below(event: Any, _context: LambdaContext) -> Any:
        return event.report["title"]

    @large_payloads
    @event_source(data_class=SQSEvent)  # type: ignore[arg-type, unused-ignore]
    def queue(event: Any, _context: LambdaContext) -> Any:
        return [record.body for record in event.records]

    assert above(event, context()) == event["text"]
    assert below(event, context()) == "Orders"
    assert queue({"Records": [{"body": event["text"]}]}, context()) == [event["text"]]


def test_errors_of_the_handler_pass_through(event: Any) -> None:
    @large_payloads
    def handler(_event: Any, _context: LambdaContext) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        handler(event, context())


class Point(NamedTuple):
    x: int
    y: Any


LIKE_LAMBDA: list[Any] = [
    Decimal("9.90"),
    Decimal(7),
    Decimal("-1E+3"),
    Point(1, Point(2, (3,))),
    {1: "a", 2.5: "b", None: "c", False: "d", "e": "f"},
    b"text",
]


@pytest.mark.parametrize("filler", ["", TEXT], ids=["inline", "in S3"])
@pytest.mark.parametrize("value", LIKE_LAMBDA, ids=repr)
@pytest.mark.usefixtures("store")
def test_answer_is_written_as_lambda_writes_it(value: Any, filler: str) -> None:
    answer = large_payloads(lambda _event, _context: [value, filler])({}, context())
    assert repr(whole(answer)) == repr(json.loads(to_json([value, filler])))


@pytest.mark.parametrize("value", [Decimal("NaN"), b"\xff", {Decimal(1): 1}, {1: 1, "1": 2}, {3}])
def test_what_lambda_cannot_write_either_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        large_payloads(lambda _event, _context: {"v": value})({}, context())
    assert str(caught.value.field).startswith("result.v")


@pytest.mark.usefixtures("store")
def test_bytes_are_the_answer_in_json_as_lambda_sends_them() -> None:
    document = {"n": 2**70, "text": TEXT}
    handler = large_payloads(lambda _event, _context: json.dumps(document).encode())
    answer = handler({}, context())
    assert is_pointer(answer["text"])
    assert whole(answer) == document
    with pytest.raises(InvalidRequestError, match="not JSON"):
        large_payloads(lambda _event, _context: b"text")({}, context())


def test_option_encode_comes_first() -> None:
    price: Any = Decimal("9.90")
    assert large_payloads(encode=str)(lambda _event, _context: price)({}, context()) == "9.90"


@pytest.mark.parametrize("levels", [2_000, 50_000])
def test_answer_that_is_nested_too_deeply_is_refused_by_name(event: Any, levels: int) -> None:
    @large_payloads(eager=True)
    def handler(event: Any, _context: LambdaContext) -> Any:
        return [event["report"], nested(levels)]

    with pytest.raises(InvalidRequestError, match="nested too deeply"):
        handler(event, context())


def test_store_that_is_down_is_an_error_and_no_answer() -> None:
    with fresh(FlakyStore(fail=float("inf"))), pytest.raises(StoreUnavailableError):
        large_payloads(lambda _event, _context: [TEXT])({}, context())


@pytest.mark.parametrize(
    "options", [{"at_most": 0}, {"plain": "a"}, {"open": ["a[1:]"]}], ids=["bytes", "text", "range"]
)
def test_options_that_cannot_be_used_are_refused_where_the_decorator_stands(options: Any) -> None:
    with pytest.raises(InvalidRequestError):
        large_payloads(**options)


@pytest.mark.usefixtures("store")
def test_arguments_pass_as_they_come_and_the_handler_keeps_its_name() -> None:
    @large_payloads
    def my_handler(event: Any, context: Any, *, flag: bool = False) -> Any:
        """Do a thing."""
        return [event, context, flag]

    assert my_handler(1, "context", flag=True) == [1, "context", True]
    assert (my_handler.__name__, my_handler.__doc__) == ("my_handler", "Do a thing.")


def test_event_that_another_decorator_has_converted_is_refused_with_the_cure() -> None:
    @event_source(data_class=SQSEvent)
    @large_payloads
    def handler(event: Any, _context: object) -> Any:
        return event

    with pytest.raises(InvalidRequestError, match="not of type SQSEvent; put @large_payloads"):
        handler({"Records": []}, context())
