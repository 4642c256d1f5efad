"""The decorator in Node.js: pointers of any event come in, and go out, as with the package."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import LocalCloud, UserFunction
from tests.core.documents.oracle import is_pointer, pointers
from tests.examples.node import installed
from universal_sync_core import calculate_payload_size, hydrate, offload
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.s3_store import S3Store

OWN = ("large_payloads.mjs", "orders.mjs")
NAME = "Orders"
# A handler whose answer has what JavaScript and JSON write in different ways.
CORNERS = """
import { largePayloads } from "./large_payloads.mjs";
export const handler = largePayloads(async ({ filler }) => ({
  filler,
  none: undefined,
  list: [1, , undefined, new Date(0), new Number(3), new String("ab"), Object(false)],
  named: { toJSON: (key) => ({ key, toJSON: () => "asked twice" }) },
  exact: JSON.rawJSON?.("12345678901234567890"), // from Node.js 22 on
  keys: { 'a"__s3_offloaded': [filler], __s3_offloaded: "data", '{"__s3_offloaded': 1 },
}));
"""
OWNER = {"execution_id": "it's (an) id: 1"}
ORDERS = [
    {"order": n, "customer": f"c{n % 7}", "note": "\u00fc" * 50, "odd": {"__s3_offloaded": [n]}}
    for n in range(500)
]
CUSTOMERS = {f"c{each}": [n for n in range(500) if n % 7 == each] for each in range(7)}
DOCUMENT = {"orders": ORDERS, "text": "t" * 70_000, "id": 7, "odd": [{"__s3_offloaded": True}]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    folder = installed(tmp_path_factory.mktemp("node_large_payloads"), OWN)
    (folder / "corners.mjs").write_text(CORNERS, "utf-8")
    functions = [
        UserFunction(name=name, code_dir=folder, handler=handler, runtime="nodejs22.x")
        for name, handler in ((NAME, "orders.handler"), ("Corners", "corners.handler"))
    ]
    with LocalCloud.start(extra_functions=functions) as started:
        variables = {"STATE_BUCKET": started.outputs["StateBucketName"]}
        for function in functions:
            started.client("lambda").update_function_configuration(
                FunctionName=function.name, Environment={"Variables": variables}
            )
        settings = Settings(bucket=started.outputs["StateBucketName"])
        with runtime.use(settings=settings, store=S3Store(client=started.client("s3"))):
            yield started


def asked(cloud: LocalCloud, event: Any, **custom: Any) -> Any:
    """Give what the handler answers, with what comes beside the event."""
    return invoked(cloud, NAME, event, custom)


def invoked(cloud: LocalCloud, name: str, event: Any, custom: Any) -> Any:
    beside = base64.b64encode(json.dumps({"custom": custom}).encode()).decode()
    answer = cloud.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event), ClientContext=beside
    )
    return json.loads(answer["Payload"].read())


def whole(answer: Any) -> Any:
    return hydrate(answer, context=OWNER)


def test_inline_event_is_answered_small_and_nothing_is_lost(cloud: LocalCloud) -> None:
    answer = asked(cloud, DOCUMENT, **OWNER)
    assert calculate_payload_size(answer) <= 60 * 1024
    assert is_pointer(answer["orders"])
    assert whole(answer) == {**DOCUMENT, "customers": CUSTOMERS}


def test_what_came_as_a_pointer_goes_out_as_that_pointer(cloud: LocalCloud) -> None:
    event = offload(DOCUMENT, OWNER, at_most=8_000)
    assert len(list(pointers(event))) == 2
    answer = asked(cloud, event, **OWNER)
    assert answer == {**event, "customers": CUSTOMERS}


@pytest.mark.parametrize("size", [1, 70_000], ids=["inline", "in S3"])
def test_answer_is_the_json_that_lambda_would_write(cloud: LocalCloud, size: int) -> None:
    filler = "f" * size
    answer = whole(invoked(cloud, "Corners", {"filler": filler}, OWNER))
    assert answer.pop("exact", 12345678901234567890) == 12345678901234567890
    assert answer == {
        "filler": filler,
        "list": [1, None, None, "1970-01-01T00:00:00.000Z", 3, "ab", False],
        "named": {"key": "named"},
        "keys": {'a"__s3_offloaded': [filler], "__s3_offloaded": "data", '{"__s3_offloaded': 1},
    }


def test_customer_may_have_the_name_of_something_in_javascript(cloud: LocalCloud) -> None:
    names = ["__proto__", "constructor", "toString"]
    orders = [{"order": n, "customer": name} for n, name in enumerate(names)]
    event = {"orders": orders, "large": dict.fromkeys(names, "t" * 70_000)}
    answer = asked(cloud, event, **OWNER, open=["large"])
    assert all(map(is_pointer, answer["large"].values()))
    assert whole(answer) == {**event, "customers": {name: [n] for n, name in enumerate(names)}}


def test_data_that_resembles_a_pointer_is_data(cloud: LocalCloud) -> None:
    odd = {"__s3_offloaded": True, "__s3_path": f"s3://other/{'a' * 64}"}
    answer = asked(cloud, {"orders": [], "odd": odd}, **OWNER)
    assert answer == {"orders": [], "odd": odd, "customers": {}}


def test_owner_may_be_in_the_event(cloud: LocalCloud) -> None:
    event = {**offload(DOCUMENT, OWNER, at_most=8_000), **OWNER}
    assert asked(cloud, event) == {**event, "customers": CUSTOMERS}


def test_words_keep_what_they_name(cloud: LocalCloud) -> None:
    plain = ["$['customers'][0][\"c3\"]", "orders[].order"]
    words = {"plain": plain, "list": ["orders"], "at_most": 250_000}
    answer = asked(cloud, offload(DOCUMENT, OWNER, at_most=4_000), **OWNER, **words)
    assert answer["customers"]["c3"] == CUSTOMERS["c3"]
    assert [order["order"] for order in answer["orders"]] == list(range(500))
    assert whole(answer) == {**DOCUMENT, "customers": CUSTOMERS}


def test_name_of_digits_is_no_position(cloud: LocalCloud) -> None:
    event = {"orders": [], "pairs": [{"1": {"n": n}, "text": "t" * 70_000} for n in range(3)]}
    answer = asked(cloud, event, **OWNER, plain=["pairs.1"], at_most=8_000)
    assert [pair["1"] for pair in answer["pairs"]] == [{"n": n} for n in range(3)]
    assert all(is_pointer(pair["text"]) for pair in answer["pairs"])


@pytest.mark.parametrize(
    ("owner", "at_most"),
    [("run-1", 6_000), ("\u00e9" * 120, 16_000)],
    ids=["short pointers", "long pointers"],
)
def test_pointers_take_what_they_take(cloud: LocalCloud, owner: str, at_most: int) -> None:
    texts = [f"{n}" * 2_000 for n in range(15)]
    event = {"orders": [], "texts": texts}
    answer = asked(cloud, event, execution_id=owner, list=["texts"], at_most=at_most)
    assert calculate_payload_size(answer) <= at_most
    assert all(is_pointer(each) for each in answer["texts"])
    assert hydrate(answer, context={"execution_id": owner}) == {**event, "customers": {}}


def test_lists_that_jsonata_takes_out_of_a_list_stay_lists(cloud: LocalCloud) -> None:
    lines = [{"n": 1}, {"text": "l" * 70_000}]
    orders = [{"order": 1, "lines": lines, "note": "n" * 70_000}, [{"order": 2, "lines": lines}]]
    document = {"a": {"b": orders}, "lines": lines, "texts": [{"lines": "t" * 70_000}]}
    words = ['a.b[""].lines[""]', '[""].lines[""]', 'texts[""].lines[""]']
    event = {"orders": [], "kept": document}

    kept = asked(cloud, event, **OWNER, open=[f"kept.{each}" for each in words])["kept"]

    for order in (kept["a"]["b"][0], kept["a"]["b"][1][0]):
        assert order["lines"][0] == {"n": 1}
        assert is_pointer(order["lines"][1]["text"])
    assert is_pointer(kept["a"]["b"][0]["note"])
    assert is_pointer(kept["texts"][0]["lines"])
    assert is_pointer(kept["lines"])
    assert whole(kept) == document


@pytest.mark.parametrize(
    ("event", "custom", "error", "told"),
    [
        ({"orders": [], "text": "t" * 70_000}, {}, "InvalidRequestError", "ClientContext.$"),
        ({"orders": "pointer"}, {}, "PointerNotAllowedError", "ClientContext.$"),
        ({"orders": "pointer"}, {"execution_id": "other"}, "PointerNotAllowedError", "s3://"),
        ({"orders": "beside"}, OWNER, "InvalidRequestError", "orders was written into"),
        (
            {"orders": [], "text": "t" * 70_000},
            {**OWNER, "plain": ["text"]},
            "StateTooLargeError",
            "have to stay",
        ),
    ],
)
def test_refusal_says_why(
    cloud: LocalCloud, event: Any, custom: Any, error: str, told: str
) -> None:
    pointer = offload(ORDERS, OWNER, at_most=1_000)
    forms = {"pointer": pointer, "beside": {**pointer, "status": "written"}}
    given = {**event, "orders": forms.get(str(event["orders"]), event["orders"])}
    answer = asked(cloud, given, **custom)
    assert answer["errorType"] == error
    assert told in answer["errorMessage"]
