"""The objects that may be read for a document, besides those of the execution that owns it."""

from collections.abc import Iterable

from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings
from universal_sync_core.storage.keys import places_of_executions


def places_of_children(execution_id: str | None, settings: Settings) -> list[str]:
    """Return the prefixes of the objects of the children of an execution's Distributed Maps.

    Each child has an id of its own, made of the parent's state machine and a label, and its answer
    comes back to the parent. With tenants there are no such prefixes, since the id of a child does
    not name a tenant.
    """
    machine = machine_of(execution_id or "")
    if machine is None or settings.bucket is None or settings.tenant_separator is not None:
        return []
    return [places_of_executions(settings, f"{start}/") for start in _executions(machine)]


def places_of_machines(machines: Iterable[str], settings: Settings) -> list[str]:
    """Return the prefixes of the objects of all executions of some state machines."""
    if settings.bucket is None:
        return []
    return [
        places_of_executions(settings, f"{start}{after}")
        for machine in machines
        for start in _executions(machine)
        for after in (":", "/")
    ]


def _executions(machine: str) -> list[str]:
    """Return the beginnings of the ARNs of a state machine's executions, including Express ones.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    """
    return [machine.replace(":stateMachine:", f":{kind}:", 1) for kind in ("execution", "express")]
