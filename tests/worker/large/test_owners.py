"""Whose objects a handler reads and writes, and who says so."""

from typing import Any

import pytest

from local.played.lambda_context import LambdaContext
from tests.core.bags import EXECUTION, OTHER_EXECUTION, fresh
from tests.core.fakes import CountingStore
from tests.worker.large.events import OWNER, TEXT, context
from universal_sync_core import large_payloads, offload
from universal_sync_core.errors import InvalidRequestError, PointerNotAllowedError


def test_owner_beside_the_event_wins_over_the_event(event: Any) -> None:
    handler = large_payloads(lambda event, _context=None: event["text"][:1])
    assert handler({**event, "execution_id": OTHER_EXECUTION}, context()) == "t"
    assert handler({**event, "execution_id": EXECUTION}, LambdaContext()) == "t"
    assert handler({**event, "execution_id": EXECUTION}) == "t"
    with pytest.raises(PointerNotAllowedError):
        handler({**event, "execution_id": EXECUTION}, context(execution_id=OTHER_EXECUTION))


@pytest.mark.parametrize("owner", [EXECUTION, lambda event: event["meta"]["run"]])
def test_owner_may_be_an_option(event: Any, owner: Any) -> None:
    @large_payloads(execution_id=owner)
    def handler(event: Any) -> Any:
        return event["text"]

    given = {**event, "meta": {"run": EXECUTION}, "execution_id": OTHER_EXECUTION}
    assert handler(given) == event["text"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("owner", [5, "", ["a"]])
def test_owner_that_is_no_text_is_refused(owner: Any) -> None:
    handler = large_payloads(lambda event, _context=None: event)
    with pytest.raises(InvalidRequestError, match="execution_id"):
        handler({}, context(execution_id=owner))


def test_without_an_owner_the_error_says_what_to_add(event: Any) -> None:
    reading = large_payloads(lambda event: event["text"])
    line = (
        r"""\"ClientContext\.\$\": \"States\.Base64Encode\(States\.Format\('.*\$\$\.Execution\.Id"""
    )
    with pytest.raises(PointerNotAllowedError, match=line):
        reading(event)
    writing = large_payloads(lambda _event: [TEXT])
    with pytest.raises(InvalidRequestError, match=line):
        writing({})
    assert large_payloads(lambda event: event)({"small": 1}) == {"small": 1}


def test_without_an_owner_objects_of_an_allowed_machine_are_read_and_none_is_written() -> None:
    store, machine = CountingStore(), EXECUTION.replace(":execution:", ":stateMachine:")[:-6]
    with fresh(store, readable_machines=(machine,)):
        event = offload({"text": TEXT}, OWNER)
        child = offload({"text": TEXT}, {"execution_id": EXECUTION.replace(":run-1", "/Map:6f1a")})
        handler = large_payloads(lambda event: {**event, "size": len(event["text"])})
        assert handler(event) == {**event, "size": 90_000}
        assert handler(child) == {**child, "size": 90_000}
        with pytest.raises(InvalidRequestError, match="too large"):
            large_payloads(lambda event: [*event["text"]])(event)
        other = offload({"text": TEXT}, {"execution_id": EXECUTION.replace("-data:", "-data-2:")})
        with pytest.raises(PointerNotAllowedError):
            handler(other)


def test_other_executions_objects_are_not_read(event: Any) -> None:
    handler = large_payloads(lambda event, _context=None: event["text"])
    with pytest.raises(PointerNotAllowedError):
        handler(event, context(execution_id=OTHER_EXECUTION))
