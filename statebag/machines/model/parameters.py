"""Parameters of services that are identifiers: their size is bounded by the service itself.

A name, an ARN or a key has at most some hundred bytes in every AWS API. Where a path or a function
gives one, a larger value would fail in the service anyway; `at_most` of an offload checks it at run
time.
"""

import re
from dataclasses import replace
from typing import Final

from statebag.machines.values.expressions import (
    SCALAR,
    Computed,
    Expression,
    Read,
    Ref,
    Struct,
    Word,
)
from statebag.machines.values.paths import EACH, Step

_IDENTIFIERS: Final = re.compile(
    r".*(?:Arn|ARN|Bucket|Count|Id|Identifier|Limit|Marker|Max\w{1,64}+|Name|Number|Prefix|Region|Role|Size|Status"
    r"|Table|Time|Timestamp|Token|Type|Uri|URI|Url|Version|Zone)|N|BOOL"
)
# Of a table item: DynamoDB's limit for a partition key is 2,048 bytes, for a sort key 1,024.
_KEYS: Final = {"Key"}


def with_identifiers(made: Expression, *, is_key: bool = False) -> Expression:
    """Return arguments whose identifiers are no larger than scalars, and are read so by paths."""
    if isinstance(made, Struct):
        fields: dict[Step, Expression] = {
            key: with_identifiers(each, is_key=is_key or _is_identifier(key) or key in _KEYS)
            for key, each in made.fields.items()
        }
        return Struct(fields, made.size)
    if is_key and isinstance(made, Ref) and EACH not in made.path:
        return Computed((Read(made.path, Word.SCALAR),))
    if is_key and isinstance(made, Computed):
        return replace(made, most=min(SCALAR, made.most or SCALAR))
    return made


def _is_identifier(key: Step) -> bool:
    return isinstance(key, str) and _IDENTIFIERS.fullmatch(key) is not None
