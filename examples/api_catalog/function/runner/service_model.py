"""The contents of an AWS service: a child of the distributed map computes them from its model."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import botocore
from botocore.loaders import Loader

from .documentation import count_words, summary

# The summaries of EC2's more than 800 operations must fit into a state's 262,144 bytes with the
# rest.
SUMMARY_CHARACTERS = 120
LARGEST_SHAPES = 10

Model = dict[str, Any]

_VERB = re.compile(r"[A-Z][a-z0-9]*|[A-Z]+")


def library_version() -> str:
    """Return the version of the botocore whose models are read."""
    return str(botocore.__version__)


def list_services() -> list[str]:
    """Return the names of the services that botocore has a model of."""
    return sorted(Loader().list_available_services("service-2"))


def describe_service(service: str) -> Model:
    """Describe a service: from 1 KB of JSON for the smallest to 150 KB for EC2."""
    # A loader keeps what it loaded; a new one each time keeps a warm function small.
    model: Model = Loader().load_service_model(service, "service-2")
    operations, shapes, metadata = model["operations"], model["shapes"], model["metadata"]
    described = [_operation(name, operations[name], shapes) for name in sorted(operations)]
    return {
        "service": service,
        "title": metadata["serviceFullName"],
        "api_version": metadata["apiVersion"],
        "protocol": metadata["protocol"],
        "documentation_words": _documentation_words(model),
        "operations": described,
        "verbs": dict(sorted(Counter(verb(name) for name in operations).items())),
        "shapes": _shapes(operations, shapes),
    }


def verb(operation: str) -> str:
    """Return the first word of an operation's name: `Describe` for `DescribeInstances`."""
    match = _VERB.match(operation)
    return match.group() if match else operation


def _operation(name: str, operation: Model, shapes: Model) -> Model:
    documentation = operation.get("documentation", "")
    return {
        "name": name,
        "words": count_words(documentation),
        "takes": _member_count(operation.get("input"), shapes),
        "gives": _member_count(operation.get("output"), shapes),
        "summary": summary(documentation, SUMMARY_CHARACTERS),
    }


def _member_count(reference: Model | None, shapes: Model) -> int:
    return len(shapes[reference["shape"]].get("members", ())) if reference else 0


def _shapes(operations: Model, shapes: Model) -> Model:
    members = {name: len(shape.get("members", ())) for name, shape in shapes.items()}
    largest = sorted(members, key=lambda name: (-members[name], name))[:LARGEST_SHAPES]
    own = _request_and_response_shapes(operations)
    return {
        "count": len(shapes),
        "by_type": dict(sorted(Counter(shape["type"] for shape in shapes.values()).items())),
        "largest": [{"name": name, "members": members[name]} for name in largest],
        "structures": sorted(
            name
            for name, shape in shapes.items()
            if shape["type"] == "structure" and name not in own
        ),
    }


def _request_and_response_shapes(operations: Model) -> set[str]:
    return {
        operation[side]["shape"]
        for operation in operations.values()
        for side in ("input", "output")
        if side in operation
    }


def _documentation_words(model: Model) -> int:
    return sum(count_words(text) for text in _documentation(model))


def _documentation(model: Model) -> Iterator[str]:
    yield model.get("documentation", "")
    for operation in model["operations"].values():
        yield operation.get("documentation", "")
    for shape in model["shapes"].values():
        yield shape.get("documentation", "")
        for member in shape.get("members", {}).values():
            yield member.get("documentation", "")
