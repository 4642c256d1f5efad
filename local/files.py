"""Files that a user names."""

import json
from pathlib import Path
from typing import Any

from .errors import LocalCloudError


def read_json(path: Path) -> Any:
    """Return the value in a JSON file, or raise LocalCloudError if there is none."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise LocalCloudError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise LocalCloudError(f"{path} is not JSON: {error}") from error
