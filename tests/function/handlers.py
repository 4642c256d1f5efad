"""Which handler an event is for."""

from typing import Any, Final

import app

# Of actions that the manager does not know.
_HANDLERS: Final = {"delete_ended": app.retention_handler, "job_ended": app.job_handler}


def handler_of(event: Any) -> app.Handler:
    """Return the handler of the function that knows the action of an event."""
    action = event.get("action") if isinstance(event, dict) else None
    return next((known for name, known in _HANDLERS.items() if name == action), app.lambda_handler)
