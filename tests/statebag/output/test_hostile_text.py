"""What a state says does not write the operator's terminal, whatever it says and wherever."""

import ast
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import statebag
from statebag.output.terminal import escaped
from tests.core.places import place
from tests.statebag.cloud import BUCKET, FakeCloud, arn_of
from tests.statebag.conftest import Run
from tests.statebag.histories import History
from tests.statebag.states import key_prefix
from universal_sync_core import record_failure, universal_sync_core
from universal_sync_core.storage.store import Location, StoredObject

# A title, a colour by one character, a clearing, other directions, nothing to see, and a line of
# its own.
PLAIN = (
    "\x1b]0;owned\x07\x9b31m\x1b[2J\u202e\u2066\u200b\u200d\ufeff\x7f\u2028\U000e0041"
    "\ufe00\U0001bca0"
)
LINES = f"{PLAIN}\r\n\tstatebag: all is well\n\b\x0b\x0c"
# Half an emoji; a key in S3 cannot have it.
HOSTILE = f"{LINES}cut \ud83d"
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0d\ufeff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]"
)
FAILED, ENDED = arn_of(f"failed{PLAIN}"), arn_of(f"ended{PLAIN}")


def hostile_bag(execution_id: str) -> dict[str, Any]:
    value = {HOSTILE: {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}}
    fields = {
        HOSTILE: HOSTILE,
        "current_state": {**value, "large": {HOSTILE: [HOSTILE * 20] * 300}},
        "state_history": [{"timestamp": HOSTILE, HOSTILE: HOSTILE}, HOSTILE],
        "failed_segments": [{"error": HOSTILE, "cause": HOSTILE, HOSTILE: HOSTILE}],
        "branch_conflicts": [{"path": HOSTILE, "values": [HOSTILE]}],
    }
    context = {"execution_id": execution_id}
    bag = universal_sync_core(None, {"execution_id": execution_id, "current_state": {}}, context)
    merged = universal_sync_core(
        bag, {k: v for k, v in fields.items() if k != "next_action"}, context
    )
    return merged | {"next_action": HOSTILE}


def foreign_pointer(execution_id: str) -> dict[str, Any]:
    path = f"s3://{BUCKET}/{PLAIN}/{key_prefix(execution_id)}packs/{'0' * 64}"
    return {
        "__s3_offloaded": True,
        "__v": 1,
        "__kind": "value",
        **place(path, 10),
        "__size_bytes": 10,
    }


def put(cloud: FakeCloud, key: str, content: Any) -> None:
    cloud.memory.objects[Location(BUCKET, key)] = StoredObject(json.dumps(content).encode())


@pytest.fixture(autouse=True)
def hostile(cloud: FakeCloud, tmp_path: Path) -> dict[str, str]:
    """A cloud in which everything that data can say is hostile."""
    bag = hostile_bag(ENDED)
    history = History().visit(HOSTILE, {"state_data": bag}, {"state_data": bag})
    history.enter(HOSTILE, {"state_data": bag}, "Map")
    history.attempt(HOSTILE)
    cloud.states.add(
        f"ended{PLAIN}", events=history.events, input={HOSTILE: HOSTILE}, output={"state_data": bag}
    )
    other = hostile_bag(FAILED)
    # A record is resumed from only if its control fields are what they should be.
    sound = other | {"next_action": "CONTINUE"}
    told = record_failure(sound, {"Error": HOSTILE, "Cause": HOSTILE})
    snapshot = {"snapshot_id": HOSTILE, "snapshot_type": HOSTILE, "created_at": HOSTILE}
    body = json.dumps(snapshot | {"state_data": other}).encode()
    path = f"{key_prefix(FAILED)}packs/{hashlib.sha256(body).hexdigest()}"
    cloud.memory.objects[Location(BUCKET, path)] = StoredObject(body)
    named = {"state_data": other | {"pre_snapshot_s3_path": f"s3://{BUCKET}/{path}"}}
    cloud.states.add(
        f"failed{PLAIN}",
        "FAILED",
        events=History().visit(HOSTILE, named, named).events,
        input={},
        error=HOSTILE,
        cause=f"{HOSTILE} [record: {told['record_s3_path']}]",
    )
    token = f"token{HOSTILE}"
    callback_id = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
    record = {
        "callback_id": callback_id,
        "callback_type": HOSTILE,
        "execution_id": ENDED,
        "prompt": {HOSTILE: HOSTILE},
        "requested_at": HOSTILE,
        "task_token": token,
        "state_revision": HOSTILE,
    }
    put(cloud, f"{key_prefix(ENDED)}callbacks/{callback_id}.json", record)
    put(cloud, f"{key_prefix(f'id{LINES}')}callbacks/{'c' * 64}.json", [HOSTILE])
    put(cloud, f"{key_prefix(f'id{LINES}')}packs/{'c' * 64}", [HOSTILE])
    cloud.functions.error = HOSTILE
    cloud.functions.message = HOSTILE
    file = tmp_path / "bag.json"
    file.write_text(json.dumps({"execution_id": ENDED, "x": foreign_pointer(ENDED), HOSTILE: 1}))
    return {"callback": callback_id, "file": str(file), "report": str(tmp_path / "report.html")}


COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "show": (0, ("show", ENDED, "--depth", "9", "--open")),
    "show of a part": (0, ("show", ENDED, "--path", "current_state.large")),
    "show of nothing": (3, ("show", ENDED, "--path", json.dumps([HOSTILE * 2]))),
    "show of no path": (2, ("show", ENDED, "--path", f'["{PLAIN}"]')),
    "show as JSON": (0, ("show", ENDED, "--json", "--hydrate")),
    "show of sizes": (0, ("show", ENDED, "--json", "--sizes")),
    "show of a failed one": (0, ("show", FAILED)),
    "show of what is elsewhere": (3, ("show", "{file}", "--path", "x")),
    "show of no file": (3, ("show", f"no file{HOSTILE}")),
    "show of no execution": (3, ("show", f"{ENDED}2")),
    "history": (0, ("history", ENDED, "--all")),
    "history as JSON": (0, ("history", ENDED, "--all", "--json")),
    "timeline": (0, ("timeline", ENDED)),
    "timeline of a failed one": (0, ("timeline", FAILED)),
    "timeline as JSON": (0, ("timeline", FAILED, "--json")),
    "diff": (1, ("diff", ENDED, FAILED)),
    "diff with a file": (1, ("diff", ENDED, "{file}")),
    "diff as JSON": (1, ("diff", ENDED, "{file}", "--json")),
    "verify": (1, ("verify", "{file}")),
    "verify as JSON": (1, ("verify", "{file}", "--json")),
    "snapshots": (0, ("snapshots", FAILED)),
    "snapshots as JSON": (0, ("snapshots", FAILED, "--json")),
    "restore": (0, ("restore", ENDED, "-o", "-")),
    "restore to nowhere": (7, ("restore", ENDED, "-o", f"/nowhere/{PLAIN}")),
    "report": (0, ("report", ENDED, "-o", "{report}")),
    "report to nowhere": (7, ("report", ENDED, "-o", f"/nowhere/{PLAIN}")),
    "resume": (0, ("resume", FAILED, "--dry-run")),
    "resume by a bad option": (2, ("resume", FAILED, "--set", f"{HOSTILE}=x")),
    "callbacks list": (0, ("callbacks", "list", "--bucket", BUCKET)),
    "callbacks list as JSON": (0, ("callbacks", "list", "--bucket", BUCKET, "--json")),
    "callbacks show": (0, ("callbacks", "show", ENDED, "{callback}")),
    "callbacks show as JSON": (0, ("callbacks", "show", ENDED, "{callback}", "--json")),
    "callbacks approve": (7, ("callbacks", "approve", ENDED, "{callback}")),
    "callbacks reject": (7, ("callbacks", "reject", ENDED, "{callback}")),
    "gc": (0, ("gc", "--bucket", BUCKET)),
    "gc as JSON": (0, ("gc", "--bucket", BUCKET, "--json")),
    "cost": (0, ("cost", ENDED)),
}


@pytest.mark.parametrize("on_terminal", [False, True], ids=["piped", "on a terminal"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_control_character_is_printed(
    run: Run,
    hostile: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    *,
    on_terminal: bool,
) -> None:
    # This terminal knows no colours, so that all that steers it would be the state's.
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: on_terminal)
    code, arguments = COMMANDS[name]

    ran = run(*(part.format(**hostile) if part in FIELDS else part for part in arguments))

    assert ran.code == code, ran.err
    assert not RAW.search(ran.out + ran.err)
    assert "\nstatebag: all is well" not in ran.out + ran.err
    if name == "report":
        assert not RAW.search(Path(hostile["report"]).read_text())


FIELDS = ("{file}", "{report}", "{callback}")


def test_escaped_json_means_the_same(run: Run) -> None:
    (line,) = run("show", ENDED, "--json", "--hydrate").out.splitlines()

    shown = json.loads(line)
    assert shown[HOSTILE] == HOSTILE
    assert json.loads(f'"{escaped(PLAIN)}"') == PLAIN
    assert escaped("plain, é, 日本, 👍") == "plain, é, 日本, 👍"


PRINTING = {"print", "echo", "secho", "confirm", "prompt", "get_text_stream", "get_binary_stream"}
ROOT = Path(statebag.__file__).parent


def test_one_module_prints() -> None:
    printing = set()
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            named = getattr(node, "attr", getattr(node, "id", None))
            is_printing = named in {"stdout", "stderr", "__stdout__", "__stderr__"}
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", None))
                is_printing = is_printing or called in PRINTING
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [getattr(node, "module", None), *(alias.name for alias in node.names)]
                is_printing = any((module or "").split(".")[0] == "rich" for module in modules)
            if is_printing:
                printing.add(file.relative_to(ROOT).as_posix())
    assert printing == {"output/terminal.py"}
