"""Starts ministack, in an environment of its own, with what it does otherwise than Lambda mended.

It names every error of a Python function `Runtime.HandlerError`, where the Retry and Catch of a
state machine go by the names of classes; and it ends the process, which Lambda goes on with.
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html

It starts a process for each invocation that runs beside others, hundreds for a large map: here
some run at once, and the others wait.
"""

import sys
import threading
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_AT_ONCE = 4
_SAYS = '"status": "error", "error": str(e), "trace": traceback.format_exc()'
_SAYS_NAME = '"status": "ok", "result": {"raised in ministack": [type(e).__name__, str(e)]}'


def _mend_functions() -> None:
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if _SAYS not in script:
        sys.exit("this ministack reports the errors of functions in another way: look at launch.py")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_SAYS, _SAYS_NAME)
    execute = lambda_svc._execute_function_warm
    slots = threading.BoundedSemaphore(_AT_ONCE)

    def named(func: Any, event: Any, request_id: str) -> Any:
        with slots:
            result = execute(func, event, request_id)
        match result.get("body"):
            case {"raised in ministack": [name, message]}:
                body = {"errorType": name, "errorMessage": message}
                return {**result, "body": body, "error": True}
        return result

    lambda_svc._execute_function_warm = named


if __name__ == "__main__":
    _mend_functions()
    app.main()
