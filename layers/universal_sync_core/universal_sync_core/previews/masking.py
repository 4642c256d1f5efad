"""Masking: values that look secret, by their name or by their own form, are not shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from universal_sync_core.errors import StateSyncError
from universal_sync_core.limits import KIB
from universal_sync_core.previews.secrets import (
    MASK,
    are_keys_of_aws,
    is_count,
    is_secret_key,
    is_secret_name,
    without_secrets,
)
from universal_sync_core.values.codec import Json, JsonObject, decode, encode
from universal_sync_core.values.compression import is_compressed
from universal_sync_core.values.paths import Step
from universal_sync_core.values.pointer import COMPRESSED_MARK

# A header or a parameter is often an object of two fields, such as those of CloudFormation, RDS and
# Elastic Beanstalk.
_NAME_FIELDS: Final = frozenset(
    {"name", "key", "k", "header", "field", "parameter", "property", "attribute", "label"}
    | {"option", "variable", "id", "parametername", "parameterkey", "optionname"}
)
_VALUE_FIELDS: Final = frozenset(
    {"value", "values", "val", "v", "content", "data", "text", "parametervalue"}
)
# A parameter that is secret whatever its name is.
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
_SECURE: Final = ("Type", "SecureString")
_NAME_AND_VALUE: Final = 2
# JSON in a string is searched too, and once more in a string of that JSON.
_LARGEST_INNER_BYTES: Final = 1024 * KIB
_DEEPEST_INNER: Final = 3
_BEGINNING_CHARS: Final = 4 * KIB


@dataclass(frozen=True, slots=True)
class Masking:
    """Tells what must not be shown.

    Attributes:
        patterns: further names, as regular expressions.
        active: False to show everything.
    """

    patterns: tuple[re.Pattern[str], ...] = ()
    active: bool = True

    def masked(self, value: Json, steps: Sequence[Step] = ()) -> Json:
        """Return the `value` at `steps` with `***` for whatever looks secret."""
        if not self.active:
            return value
        names = [step for step in steps if isinstance(step, str)]
        named = next((name for name in names if self._is_secret(name)), None)
        return self._under(value, named, 0)

    def beginning(self, value: Json, steps: Sequence[Step] = ()) -> Json:
        """Return `value` as `masked` does, with long strings cut to little more than a line."""
        is_long = isinstance(value, str) and len(value) > _BEGINNING_CHARS
        return self.masked(value[:_BEGINNING_CHARS] if is_long else value, steps)

    def _under(self, value: Json, secret: str | None, depth: int, *, in_list: bool = False) -> Json:
        if isinstance(value, dict | list):
            value = _without_secret_keys(value)
        if is_compressed(value):  # whoever sees its text can unpack it
            return {**value, COMPRESSED_MARK: MASK}
        if isinstance(value, dict):
            paired = secret or self._paired(value)
            return {
                without_secrets(key): self._under(item, self._of(key, secret, paired), depth)
                for key, item in value.items()
            }
        if isinstance(value, list):
            # A header may be a list of its name and value.
            own = self._of(value[0], secret, None) if in_list and _is_pair(value) else secret
            return [
                self._under(item, own if place else secret, depth, in_list=True)
                for place, item in enumerate(value)
            ]
        if secret is None:
            return self._text(value, depth) if isinstance(value, str) else value
        is_number = isinstance(value, int | float) and is_count(secret)
        return value if value is None or isinstance(value, bool) or is_number else MASK

    def _of(self, key: str, secret: str | None, paired: str | None) -> str | None:
        """Return the secret name of a field of an object, or None."""
        if secret is not None or self._is_secret(key):
            return secret or key
        return paired if key.lower() in _VALUE_FIELDS else None

    def _paired(self, value: JsonObject) -> str | None:
        """Return the secret name that an object gives its value in another field, or None."""
        if _SECURE in value.items():
            return _SECURE[1]
        said = (item for key, item in value.items() if key.lower() in _NAME_FIELDS)
        return next(
            (each for each in said if isinstance(each, str) and self._is_secret(each)), None
        )

    def _text(self, text: str, depth: int) -> str:
        inner = _json_in(text) if depth < _DEEPEST_INNER else None
        if inner is not None:
            masked = self._under(inner, None, depth + 1)
            if masked != inner:
                return encode(masked).decode()
        return without_secrets(text)

    def _is_secret(self, name: str) -> bool:
        return is_secret_name(name) or any(pattern.search(name) for pattern in self.patterns)


def _without_secret_keys(value: JsonObject | list[Json]) -> JsonObject | list[Json]:
    """Return an object or a list with `***` for what stands beside an access key id of AWS."""
    if not are_keys_of_aws(value.values() if isinstance(value, dict) else value):
        return value
    if isinstance(value, list):
        return [MASK if is_secret_key(item) else item for item in value]
    return {key: MASK if is_secret_key(item) else item for key, item in value.items()}


def _is_pair(value: list[Json]) -> bool:
    return len(value) == _NAME_AND_VALUE and isinstance(value[0], str)


def _json_in(text: str) -> Json:
    """Return the object, list or string in a string of JSON, or None."""
    if len(text) > _LARGEST_INNER_BYTES or text.lstrip()[:1] not in {"{", "[", '"'}:
        return None
    try:
        return decode(text.encode(errors="surrogatepass"))
    except StateSyncError:
        return None
