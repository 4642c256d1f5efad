"""The log at DEBUG, as Lambda's own runtime sets it up: no token, no answer, no credential."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import http.server, json, logging, os, threading
from awslambdaric import bootstrap

class Everything(http.server.BaseHTTPRequestHandler):
    def do_any(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        body = b'{"Entries": []}' if self.command == "POST" else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_PUT = do_any
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Everything)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"

with bootstrap.create_log_sink() as sink:
    bootstrap._setup_logging(bootstrap.LogFormat.from_str("JSON"), "DEBUG", sink)
    import app
    from tests.function.lambda_context import FakeLambdaContext
    from universal_sync_core.storage import runtime
    from universal_sync_core.storage.memory_store import MemoryStore
    from universal_sync_core.settings import Settings

    context = FakeLambdaContext()
    large = {"x": "SECRET-STATE" * 9_000}
    bag = {"execution_id": "e", "state_revision": 1}
    sync = {"action": "sync", "state_data": bag, "execution_result": large}
    app.lambda_handler(sync, context)  # to S3 itself
    with runtime.use(settings=Settings(bucket="state-bucket"), store=MemoryStore()):
        asked = app.lambda_handler({
            "action": "request_callback", "state_data": bag, "task_token": "SECRET-TOKEN",
            "callback_type": "human", "prompt": "SECRET-PROMPT",
        }, context)
        answer = {"outcome": "success", "output": "SECRET-ANSWER"}
        for outcome in ({"outcome": "heartbeat"}, answer):
            app.callback_handler(
                {"action": "submit_callback", "execution_id": "e", **asked, **outcome}, context
            )
    logging.getLogger("a.worker").debug("the worker's own line")
"""


@pytest.mark.parametrize("module", ["app", "universal_sync_core"])
def test_import_loads_no_sdk_to_quiet_it(module: str) -> None:
    program = f"import sys, {module}; sys.exit('botocore.session' in sys.modules)"
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        check=True,
    )


def test_nothing_of_a_request_is_logged_at_any_level() -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": "SECRET-KEY-ID",
        "AWS_SECRET_ACCESS_KEY": "SECRET-KEY",
        "AWS_SESSION_TOKEN": "SECRET-SESSION",
    }
    own = {
        "PYTHONPATH": ":".join(sys.path),
        "STATE_BUCKET": "state-bucket",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    }
    completed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM],
        env=os.environ | credentials | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    printed = completed.stdout + completed.stderr
    assert "the worker's own line" in printed
    assert "SECRET" not in printed
    assert [json.loads(line) for line in completed.stdout.splitlines() if line.startswith("{")]
