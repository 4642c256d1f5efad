"""Real documents as `current_state`: AWS's own service models, changed leaf by leaf."""

import json
import random
from typing import Any

import pytest
from botocore.loaders import Loader

from tests.core import oracle
from tests.core.bags import BOUND, CONTEXT, fresh, hydrated
from universal_sync_core import calculate_payload_size, universal_sync_core
from universal_sync_core.storage.memory_store import MemoryStore

SERVICES = (
    "acm",
    "apigateway",
    "appsync",
    "athena",
    "batch",
    "cloudformation",
    "cloudtrail",
    "codebuild",
    "dynamodb",
    "ecr",
    "ecs",
    "eks",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "route53",
    "s3",
    "sns",
    "sqs",
    "stepfunctions",
    "sts",
)
FEW = ("dynamodb", "lambda", "s3", "sqs")
CHANGES = 25


def leaves(part: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all values that are no objects."""
    if not isinstance(part, dict):
        return [path]
    return [leaf for key, value in part.items() for leaf in leaves(value, (*path, key))]


def change_at(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the delta that sets one leaf."""
    for key in reversed(path):
        value = {key: value}
    return {"current_state": value}


def assert_changes_are_lossless(service: str) -> None:
    source = random.Random(service)  # noqa: S311 - the same changes every time
    model = json.loads(json.dumps(Loader().load_service_model(service, "service-2")))
    paths = leaves(model)
    plain = {"current_state": model}
    store = MemoryStore()
    with fresh(store):
        bag = universal_sync_core(None, {"current_state": model}, CONTEXT)
    for number in range(CHANGES):
        delta = change_at(source.choice(paths), f"changed {number} " * source.randrange(1, 200))
        with fresh(store):
            bag = universal_sync_core(bag, delta, CONTEXT)
            assert calculate_payload_size(bag) <= BOUND
            plain = oracle.merge(plain, delta)
            assert hydrated(bag) == plain


@pytest.mark.parametrize("service", FEW)
def test_a_model_changed_leaf_by_leaf_loses_nothing(service: str) -> None:
    assert_changes_are_lossless(service)


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_any_model_changed_leaf_by_leaf_loses_nothing(service: str) -> None:
    assert_changes_are_lossless(service)
