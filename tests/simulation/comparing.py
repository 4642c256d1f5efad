"""Plain JSON values: whether two are the same, and where they differ."""

import json
from datetime import datetime
from typing import Any, TypeAlias

Plain: TypeAlias = dict[str, Any]


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are one JSON value: 1, 1.0 and true are three."""
    return exact(left) == exact(right)


def exact(value: Any) -> str:
    """Return a text that equal values share, and no others."""
    return json.dumps(value, sort_keys=True)


def by_path(conflicts: Any) -> list[str]:
    """Return a text of each conflict of branches, in an order that is always the same."""
    return sorted(exact(conflict) for conflict in conflicts or [])


def then(wait: Any) -> Any:
    """Return what is foretold of a wait, of which the end depends on the clock."""
    if not isinstance(wait, dict) or datetime.fromisoformat(wait["until"]).microsecond:
        return wait
    return {name: value for name, value in wait.items() if name != "until"} or None


def difference(ours: Any, theirs: Any, key: Any, path: str = "") -> str:
    """Return where two values under one key differ first, and how."""
    path = f"{path}.{key}" if path else str(key)
    mine, other = _under(ours, key), _under(theirs, key)
    if isinstance(mine, dict) and isinstance(other, dict):
        keys: list[Any] = sorted({*mine, *other})
    elif isinstance(mine, list) and isinstance(other, list):
        keys = list(range(max(len(mine), len(other))))
    else:
        return f"{path} is\n  {exact(mine)[:600]}\nand should be\n  {exact(other)[:600]}"
    inner = next(key for key in keys if not same(_under(mine, key), _under(other, key)))
    return difference(mine, other, inner, path)


def _under(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError):
        return "(nothing)"
