"""Ownership: an execution may go on only with state of its own state machine and tenant."""

from universal_sync_core.errors import PointerNotAllowedError
from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings


def require_same_owner(owner: str, execution_id: str, settings: Settings, *, field: str) -> None:
    """Raise PointerNotAllowedError if an execution must not go on with the state of another.

    Args:
        owner: the id of the execution that began the state.
        execution_id: the id of the execution that is to go on with it.
        settings: the settings, which have the rules.
        field: the path of the field that named the state.
    """
    left, right = machine_of(owner), machine_of(execution_id)
    # An id that is not an ARN comes from somebody who calls the package by hand.
    if left and right and left != right and left not in settings.resumable_machines:
        message = (
            f"{field}: this state belongs to another state machine; the setting"
            " RESUMABLE_MACHINES names the machines from whose state this one may resume"
        )
        raise PointerNotAllowedError(message, field=field)
    separator = settings.tenant_separator
    if separator is None or owner == execution_id:
        return
    tenant = tenant_of(execution_id, separator)
    if tenant is None or tenant != tenant_of(owner, separator):
        message = (
            f"{field}: this state belongs to another tenant; an execution resumes only from state"
            " of"
            f" an execution whose name has the same text before the first {separator}"
        )
        raise PointerNotAllowedError(message, field=field)


def tenant_of(execution_id: str, separator: str) -> str | None:
    """Return the tenant at the beginning of an execution's name, or None if there is none."""
    tenant, found, _ = execution_id.rsplit(":", 1)[-1].partition(separator)
    return tenant if found and tenant else None
