"""What a decorated handler is told in its invocation's ClientContext: the owner, and three words.

The event stays as it was. A handler in another language finds the same under `custom`.
"""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from statebag.machines.flow.needs import Needs, add, settled
from statebag.machines.planning.words import words_of
from statebag.machines.values.expressions import Word
from statebag.machines.values.paths import Path

if TYPE_CHECKING:
    from universal_sync_core.values.codec import JsonObject

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-ClientContext
_MOST_BYTES: Final = 3583
_LONGEST_ARN: Final = 260
_PLACE: Final = "\x00"
_BY: Final = "statebag adopt"
KEY: Final = "ClientContext"


def context_of(
    needs: Mapping[Path, Word], owner: str, most: int, *, is_jsonata: bool
) -> tuple[str, str] | None:
    """Return the key and the expression of a ClientContext, or None where it would be too long.

    Args:
        needs: what later states need of the handler's answer.
        owner: the expression of who owns its objects.
        most: bytes that the answer may have.
        is_jsonata: the language of its state.
    """
    words = words_of(_spelled_out(needs)).to_json()
    custom: JsonObject = {
        "by": _BY,
        "execution_id": _PLACE,
        "at_most": most,
        **words,
    }
    text = json.dumps({"custom": custom}, separators=(",", ":"))
    if len(base64.b64encode(text.encode())) + 4 * _LONGEST_ARN // 3 > _MOST_BYTES:
        return None
    return _in_jsonata(text, owner) if is_jsonata else _in_jsonpath(text, owner)


def _spelled_out(needs: Mapping[Path, Word]) -> Needs:
    """Return needs without substitutions in keys: inside an expression none would be made."""
    made: Needs = {}
    for path, word in needs.items():
        cut = [index for index, step in enumerate(path) if isinstance(step, str) and "${" in step]
        add(made, *((path[: cut[0]], Word.PLAIN) if cut else (path, word)))
    return settled(made)


def is_inserted(expression: object) -> bool:
    """Tell whether an expression is one that was inserted."""
    return isinstance(expression, str) and _BY in expression and "custom" in expression


def _in_jsonpath(text: str, owner: str) -> tuple[str, str]:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    escaped = escaped.replace("{", "\\{").replace("}", "\\}")
    place = json.dumps(_PLACE)[1:-1].replace("\\", "\\\\")
    template = escaped.replace(place, "{}")
    return (
        f"{KEY}.$",
        f"States.Base64Encode(States.Format('{template}', {owner}))",
    )


def _in_jsonata(text: str, owner: str) -> tuple[str, str]:
    value = text.replace(json.dumps(_PLACE), owner)
    return KEY, f"{{% $base64encode($string({value})) %}}"
