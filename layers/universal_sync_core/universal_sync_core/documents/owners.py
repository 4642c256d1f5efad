"""Whose objects may be read for a document, besides those of the execution that owns it."""

from collections.abc import Iterable

from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import places_of_executions


def places_of_children(execution_id: str | None, settings: Settings) -> list[str]:
    """Return where the children of an execution's Distributed Maps keep their objects.

    Each child has an id of its own, of the parent's state machine and a label. What they answer
    comes back to the parent. With tenants there are none: the id of a child names no tenant.
    """
    machine = machine_of(execution_id or "")
    if machine is None or settings.bucket is None or settings.tenant_separator is not None:
        return []
    return [places_of_executions(settings, f"{start}/") for start in _executions(machine)]


def places_of_machines(machines: Iterable[str], settings: Settings) -> list[str]:
    """Return where the executions of some state machines keep their objects."""
    if settings.bucket is None:
        return []
    return [
        places_of_executions(settings, f"{start}{after}")
        for machine in machines
        for start in _executions(machine)
        for after in (":", "/")
    ]


def _executions(machine: str) -> list[str]:
    """Return what the ARN of each execution of a state machine begins with, Express ones too.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    return [machine.replace(":stateMachine:", f":{kind}:", 1) for kind in ("execution", "express")]
