"""Whose state an execution may go on with: that of its own state machine, and of its own tenant."""

from universal_sync_core.errors import PointerNotAllowedError
from universal_sync_core.retention.members import machine_of
from universal_sync_core.settings import Settings


def require_same_owner(owner: str, execution_id: str, settings: Settings, *, field: str) -> None:
    """Raise PointerNotAllowedError where an execution may not go on with the state of another.

    Args:
        owner: id of the execution that began the state.
        execution_id: of the one that wants to go on with it.
        settings: have the rules.
        field: where the state was named.
    """
    left, right = machine_of(owner), machine_of(execution_id)
    # An id that is no ARN was given by somebody who calls the package by hand.
    if left and right and left != right and left not in settings.resumable_machines:
        message = (
            f"{field}: this is the state of another state machine; the setting"
            " RESUMABLE_MACHINES names machines whose state may be taken up here"
        )
        raise PointerNotAllowedError(message, field=field)
    separator = settings.tenant_separator
    if separator is None or owner == execution_id:
        return
    tenant = tenant_of(execution_id, separator)
    if tenant is None or tenant != tenant_of(owner, separator):
        message = (
            f"{field}: this is the state of another tenant; an execution goes on with the state of"
            f" one whose name has the same text before the first {separator}"
        )
        raise PointerNotAllowedError(message, field=field)


def tenant_of(execution_id: str, separator: str) -> str | None:
    """Return the tenant that an execution's name begins with, or None where it names none."""
    tenant, found, _ = execution_id.rsplit(":", 1)[-1].partition(separator)
    return tenant if found and tenant else None
