"""The worker in Node.js, as the segment runner of the whole stack and alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from local.cloud import LocalCloud, UserFunction
from local.errors import FunctionError
from local.limits import PAYLOAD_BYTES
from tests.core.places import place
from tests.end_to_end.workflow import Json, Workflows, folded
from tests.examples.node import EXAMPLE, installed
from universal_sync_core import universal_sync_core
from universal_sync_core.settings import Settings
from universal_sync_core.storage import runtime
from universal_sync_core.storage.keys import content_key
from universal_sync_core.storage.s3_store import S3Store
from universal_sync_core.storage.store import Location
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import encode

WORKER = "SegmentRunner"
# Its quotes and brackets are ones that encodeURIComponent leaves as they are.
EXECUTION = "it's (an) id: ü!*"
INLINE_BYTES = 60 * 1024

# Of every kind: large enough for a pointer of its own in a page, small, like a form of ours.
ORDERS: list[Json] = [
    {"order": number, "customer": f"customer {number % 40}", "lines": [number] * 30}
    for number in range(3_000)
]
ORDERS[7]["note"] = "ü" * 30_000
ORDERS[8]["parts"] = {f"part {number}": "p" * 100 for number in range(1_000)}
ORDERS[9]["lines"] = [f"line {number}: {'l' * 100}" for number in range(500)]
ORDERS[10]["note"] = {"__s3_offloaded": True, "__escaped:__gzip_base64": [{"__gzip_base64": 1}]}


def grouped(orders: list[Json]) -> Json:
    """Return what the worker is to make of some orders."""
    customers: Json = {}
    for order in orders:
        customers.setdefault(order["customer"], []).append(order)
    return {"status": "CONTINUE", "current_state": {"customers": customers}}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the worker with the packages that its lock file names."""
    return installed(tmp_path_factory.mktemp("node_worker"), ["worker.mjs"])


@pytest.fixture(scope="module")
def workflows(code: Path) -> Iterator[Workflows]:
    worker = UserFunction(
        name=WORKER, code_dir=code, handler="worker.handler", runtime="nodejs22.x"
    )
    with LocalCloud.start(extra_functions=[worker]) as cloud:
        variables = {"STATE_BUCKET": cloud.outputs["StateBucketName"]}
        cloud.client("lambda").update_function_configuration(
            FunctionName=WORKER, Environment={"Variables": variables}
        )
        yield Workflows(cloud)


@pytest.fixture
def bucket(workflows: Workflows) -> Iterator[str]:
    """Let the core of this process use the state bucket, under small thresholds."""
    bucket = workflows.cloud.outputs["StateBucketName"]
    settings = Settings(bucket=bucket, page_bytes=2_000, index_bytes=600)
    store = S3Store(client=workflows.cloud.client("s3"))
    with runtime.use(settings=settings, store=store):
        yield bucket


def asked(workflows: Workflows, bag: Json) -> Any:
    """Give what the worker answers to a bag."""
    event = {"action": "run_segment", "state_data": bag}
    return workflows.cloud.invoke(event, function=WORKER)


def refused(workflows: Workflows, pointer: Json) -> str:
    """Give the name of the error with which the worker refuses orders."""
    bag = {"execution_id": EXECUTION, "current_state": {"orders": pointer}}
    with pytest.raises(FunctionError) as raised:
        asked(workflows, bag)
    return raised.value.error_type


def put(workflows: Workflows, bucket: str, body: bytes, **headers: str) -> Json:
    """Give a pointer to a body that is stored as the core would have it."""
    key = content_key(Settings(bucket=bucket), EXECUTION, body)
    workflows.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **headers)
    at = place(f"s3://{bucket}/{key}", len(body))
    form = {"__s3_offloaded": True, "__v": 1, "__kind": "value", **at}
    return form | {"__size_bytes": len(body)}


def test_what_inflates_beyond_the_budget_is_refused(workflows: Workflows, bucket: str) -> None:
    frame = zstandard.compress(b'"%s"' % (b"a" * 2**28))
    assert len(frame) < 50_000

    assert refused(workflows, put(workflows, bucket, frame)) == "StateTooLargeError"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ([0, 2**40], "StateTooLargeError"),
        ([0, -(2**40)], "MalformedPointerError"),
        ([0, 0], "MalformedPointerError"),
        (["0", "9"], "MalformedPointerError"),
    ],
)
def test_no_request_is_sent_for_a_range_beyond_the_budget(
    workflows: Workflows, bucket: str, place: list[Any], error: str
) -> None:
    pointer = put(workflows, bucket, b'"text"\n')

    assert refused(workflows, pointer | {"__range": place}) == error


@pytest.mark.usefixtures("bucket")
def test_small_bag_that_is_enormous_inside_is_refused(workflows: Workflows) -> None:
    context = {"execution_id": EXECUTION}
    bag: Json = {"execution_id": EXECUTION, "orders": "x" * 200_000}
    for _ in range(3):
        bag = universal_sync_core(bag, {"orders": [bag["orders"]] * 300}, context)
    assert bag["orders"]["__size_bytes"] > 10**12

    assert refused(workflows, bag["orders"]) == "StateTooLargeError"


def test_execution_with_the_worker_ends_in_the_state_that_its_results_merge_to(
    workflows: Workflows,
) -> None:
    orders = {"current_state": {"orders": ORDERS, "open": True}, "total_segments": 2}
    value = {"input_s3_path": workflows.put_input("inputs/orders.json", orders)}

    execution = workflows.run(value)

    result = grouped(ORDERS)
    assert len(encode(result)) > 2 * PAYLOAD_BYTES
    assert workflows.final_state(execution) == folded({**value, **orders}, result, result)
    assert workflows.states(execution).count("RunSegment") == 2


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("shown", [[], ["orders", "other"]])
def test_every_kind_of_pointer_is_read(workflows: Workflows, shown: list[str]) -> None:
    state = {"orders": ORDERS[:60], "other": "x" * 200_000}
    context = {"execution_id": EXECUTION}
    given = {"current_state": state, "preview_paths": shown}
    bag = universal_sync_core({"execution_id": EXECUTION}, given, context)
    assert bag["current_state"]["orders"]["__kind"] == "list"
    for pointer in bag["current_state"].values():
        assert ("__preview" in pointer) is bool(shown)

    answer = asked(workflows, bag)

    assert digest_in(answer["__s3_path"])
    merged = universal_sync_core(bag, answer, context)
    assert workflows.hydrated(merged)["current_state"] == {
        **state,
        **grouped(ORDERS[:60])["current_state"],
    }


@pytest.mark.usefixtures("bucket")
def test_state_that_is_one_pointer_is_read(workflows: Workflows) -> None:
    orders = [{"order": 1, "customer": "Ada"}]
    state = {"orders": orders, **{f"field {number}": "x" * 1_000 for number in range(200)}}
    bag = universal_sync_core({"execution_id": EXECUTION}, {"current_state": state})
    assert bag["current_state"]["__kind"] == "map"
    assert asked(workflows, bag) == grouped(orders)


@pytest.mark.usefixtures("bucket")
def test_packed_orders_are_read(workflows: Workflows) -> None:
    orders = [{"order": number, "customer": "Ada", "text": "x" * 100} for number in range(400)]
    packing = {"execution_id": EXECUTION, "action": "update_and_compress"}
    bag = universal_sync_core({}, {"current_state": {"orders": orders}}, packing)
    assert "__gzip_base64" in bag["current_state"]["orders"]
    assert asked(workflows, bag) == grouped(orders)


def test_result_up_to_the_limit_is_answered_as_it_is(workflows: Workflows) -> None:
    def answer(size: int) -> Json:
        orders = [{"customer": "Ada", "text": ""}]
        orders[0]["text"] = "x" * (size - len(encode(grouped(orders))))
        bag = {"execution_id": EXECUTION, "current_state": {"orders": orders}}
        answered: Json = asked(workflows, bag)
        assert len(encode(grouped(orders))) == size
        return answered

    assert answer(INLINE_BYTES).keys() == {"status", "current_state"}
    assert answer(INLINE_BYTES + 1)["__size_bytes"] == INLINE_BYTES + 1


def test_what_it_stores_is_named_by_its_bytes_and_may_be_there(workflows: Workflows) -> None:
    orders = [{"order": number, "customer": "Ada", "text": "x" * 100} for number in range(1_000)]
    bag = {"execution_id": EXECUTION, "current_state": {"orders": orders}}
    first, second = asked(workflows, bag), asked(workflows, bag)
    assert first == second
    at = Location.parse(first["__s3_path"])
    stored = workflows.cloud.client("s3").get_object(Bucket=at.bucket, Key=at.key)
    body = stored["Body"].read()
    assert json.loads(body) == grouped(orders)
    assert at.key == content_key(Settings(), EXECUTION, body)
    assert (stored["ContentType"], first["__size_bytes"]) == ("application/json", len(body))


def test_altered_object_is_refused(workflows: Workflows, bucket: str) -> None:
    pointer = put(workflows, bucket, b'[{"customer":"Ada"}]')
    key = Location.parse(pointer["__s3_path"]).key
    workflows.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=b'[{"customer":"Eve"}]')
    assert refused(workflows, pointer) == "ChecksumMismatchError"


@pytest.mark.parametrize(
    ("part", "other"), [("s3://", "s3://other-"), ("id%3A", "another"), ("v1/", "v1/../v1/")]
)
def test_pointer_out_of_the_execution_is_refused(
    workflows: Workflows, bucket: str, part: str, other: str
) -> None:
    pointer = put(workflows, bucket, b"[]")
    altered = pointer["__s3_path"].replace(part, other)
    assert refused(workflows, pointer | {"__s3_path": altered}) == "PointerNotAllowedError"


def test_pointer_of_a_later_version_is_refused(workflows: Workflows, bucket: str) -> None:
    pointer = put(workflows, bucket, b"[]")
    assert refused(workflows, pointer | {"__v": 2}) == "MalformedPointerError"


def test_missing_object_is_an_error_by_its_name(workflows: Workflows, bucket: str) -> None:
    pointer = put(workflows, bucket, b"[1]")
    key = Location.parse(pointer["__s3_path"]).key
    workflows.cloud.client("s3").delete_object(Bucket=bucket, Key=key)
    # S3 tells a missing object from a forbidden one only to roles with s3:ListBucket.
    assert refused(workflows, pointer) == "AccessDenied"


@pytest.mark.usefixtures("bucket")
def test_a_large_value_is_read_whatever_the_version_of_node(workflows: Workflows) -> None:
    orders = [{"customer": "Ada", "text": "x" * 300_000}]
    bag = universal_sync_core({"execution_id": EXECUTION}, {"current_state": {"orders": orders}})
    assert asked(workflows, bag)["__kind"] == "value"


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((EXAMPLE / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
