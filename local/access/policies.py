"""Policies as IAM evaluates them: what is denied, what is allowed, and all else is not.

As much of it as policies of a stack's bucket and its functions use. A statement with anything else
is refused, so that none is taken for more, or less, than it says.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..errors import LocalCloudError

Statement = Mapping[str, Any]
Context = Mapping[str, str]

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


def statements_of(document: Mapping[str, Any]) -> list[Statement]:
    """Return the statements of a policy.

    Raises:
        LocalCloudError: one has a part that is not evaluated here.
    """
    statements = _listed(document["Statement"])
    for statement in statements:
        conditions = statement.get("Condition", {})
        unknown = statement.keys() - _KNOWN | conditions.keys() - _OPERATORS.keys()
        if unknown or statement.get("Principal", "*") != "*":
            name = statement.get("Sid", "without a Sid")
            more = ", ".join(sorted(unknown or {"Principal"}))
            raise LocalCloudError(f"the local cloud does not evaluate {more} of statement {name}")
    return statements


def is_named(
    statements: Iterable[Statement], effect: str, action: str, resource: str, context: Context
) -> bool:
    """Tell whether a statement of this effect applies to an action on a resource."""
    return any(
        statement["Effect"] == effect and _applies(statement, action, resource, context)
        for statement in statements
    )


def _applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return (
        _matches_any(action, statement["Action"])
        and _matches_any(resource, statement["Resource"])
        and all(
            _OPERATORS[operator](context.get(key), _listed(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _matches_any(text: str | None, patterns: Any) -> bool:
    return text is not None and any(_pattern(each).fullmatch(text) for each in _listed(patterns))


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """Return a text in which `*` is any letters and `?` any one."""
    escaped = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# By name, whether a key of the request is as a condition wants it; None where it has none.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS: Mapping[str, Callable[[str | None, list[str]], bool]] = {
    "Null": lambda given, wanted: str(given is None).lower() in wanted,
    "Bool": lambda given, wanted: given in wanted,
    "StringLike": _matches_any,
    "ArnNotLike": lambda given, wanted: not _matches_any(given, wanted),
}
