"""State machines of the user's: their definitions, with the names of what is deployed."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse
from yaml import YAMLError

from ..clients import Clients
from ..errors import LocalCloudError
from ..functions.workers import settings_of
from ..stack.deploy import Stack

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")
# A placeholder of the stack's own state machine, and the output that says its value.
_OF_STACK = {
    "StateDataManagerFunction": "StateDataManagerFunctionArn",
    "SegmentRunnerFunction": "SegmentRunnerArn",
    "StateBucket": "StateBucketName",
}


def substitutions_of(stack: Stack, clients: Clients) -> dict[str, str]:
    """Return what the placeholders of the stack's own state machine stand for."""
    prefix = settings_of(stack, clients).get("STATE_PREFIX", "")
    found = {name: stack.outputs.get(output) for name, output in _OF_STACK.items()}
    # A copy of the stack's machine runs a worker and then syncs, unless it is set otherwise.
    values = {"Partition": "aws", "StatePrefix": prefix, "NextActionOfSyncingRunner": "NONE"}
    return values | {name: value for name, value in found.items() if value}


def placeholders(definition: str | Path | Mapping[str, Any]) -> set[str]:
    """Return the names of a definition's `${placeholders}`."""
    return set(_PLACEHOLDER.findall(_text(definition)))


def filled(definition: str | Path | Mapping[str, Any], values: Mapping[str, str]) -> str:
    """Return a definition as JSON, with its `${placeholders}` filled in.

    Args:
        definition: path of an ASL file, JSON or YAML, or the definition itself.
        values: by the names of the placeholders.

    Raises:
        LocalCloudError: the file cannot be read or is not valid, or a placeholder has no value.
    """
    text = _text(definition)
    if missing := set(_PLACEHOLDER.findall(text)) - values.keys():
        raise LocalCloudError(f"the definition needs a value for {', '.join(sorted(missing))}")
    return _PLACEHOLDER.sub(lambda found: json.dumps(values[found[1]])[1:-1], text)


def _text(definition: str | Path | Mapping[str, Any]) -> str:
    return json.dumps(definition) if isinstance(definition, Mapping) else read(Path(definition))


def read(path: Path) -> str:
    """Give the definition of an ASL file, JSON or YAML, as JSON.

    Raises:
        LocalCloudError: the file cannot be read or is not valid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalCloudError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return json.dumps(json.loads(text) if path.suffix == ".json" else yaml_parse(text))
    except (ValueError, YAMLError) as error:
        what = "JSON" if path.suffix == ".json" else "YAML"
        raise LocalCloudError(f"{path} is not valid {what}: {error}") from error
