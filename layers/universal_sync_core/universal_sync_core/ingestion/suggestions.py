"""Suggestions: what to write instead of a value that has no single form in JSON."""

from collections.abc import Awaitable, Collection, Mapping
from typing import Final

# By the names of types and their packages, so that none of them has to be imported. Some of these
# types move to another module from one Python version to the next.
_BY_TYPE: Final[Mapping[str, str]] = {
    "builtins.set": "use sorted(value) or list(value), for a set has no order",
    "builtins.frozenset": "use sorted(value) or list(value), for a set has no order",
    "builtins.bytes": "use value.decode() for text, or base64.b64encode(value).decode()",
    "builtins.bytearray": "use value.decode() for text, or base64.b64encode(value).decode()",
    "builtins.memoryview": "use base64.b64encode(value).decode()",
    "builtins.complex": "use [value.real, value.imag]",
    "builtins.type": "use its name, or an instance of it",
    "builtins.BaseException": "use str(value)",
    "decimal.Decimal": "use str(value) to keep every digit, or float(value) or int(value)",
    "fractions.Fraction": "use str(value) or float(value)",
    "pathlib.PurePath": "use str(value)",
    "ipaddress._IPAddressBase": "use str(value)",
    "collections.UserString": "use str(value)",
    "datetime.time": "use value.isoformat()",
    "datetime.timedelta": "use value.total_seconds()",
    "_io._IOBase": "use what value.read() returns",
    "re.Pattern": "use value.pattern",
    "types.SimpleNamespace": "use vars(value)",
    "unittest.NonCallableMock": "let the code under test get a plain value from its mock",
    "mock.NonCallableMock": "let the code under test get a plain value from its mock",
    "boto3.Binary": "use base64.b64encode(value.value).decode()",
    "pandas.DataFrame": 'use value.to_dict("records")',
    "pandas.NAType": "use None",
    "pandas.Interval": "use str(value)",
    "pandas._Period": "use str(value)",
    "polars.DataFrame": "use value.to_dicts()",
    "polars.LazyFrame": "use value.collect().to_dicts()",
    "polars.Series": "use value.to_list()",
}
# By the methods and attributes that the types of numpy, pandas, arrow and similar libraries have.
_BY_METHOD: Final[Mapping[str, str]] = {
    "tolist": "use value.tolist()",
    "to_pylist": "use value.to_pylist()",
    "as_py": "use value.as_py()",
    "to_dict": "use value.to_dict()",
    "iter_content": "use value.json() or value.text",
    "iter_bytes": "use value.json() or value.text",
    "isoformat": "use value.isoformat()",
    "_asdict": "use value._asdict()",
    "__attrs_attrs__": "use attrs.asdict(value)",
    "__struct_fields__": "use msgspec.to_builtins(value)",
}
_ANY_OTHER: Final = "use plain dicts, lists, strings and numbers, or an `encode` that returns them"


def suggestion_for(value: object) -> str:
    """Return what to write instead of a value, judged by its type alone."""
    kind = type(value)
    for base in kind.__mro__:
        package = base.__module__.partition(".")[0]
        cure = _BY_TYPE.get(f"{package}.{base.__qualname__}")
        if cure is not None:
            return cure
    for name, cure in _BY_METHOD.items():
        if hasattr(kind, name):
            return cure
    if isinstance(value, Awaitable):
        return "await it"
    if isinstance(value, Collection):
        return "use list(value)"
    return "call it" if callable(value) else _ANY_OTHER
