"""What looks secret is not shown: by the name it stands under, or by its own form."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from statebag.paths import Step
from universal_sync_core.codec import Json

MASK: Final = "***"

_NAMES: Final = re.compile(
    r"pass(word|wd|phrase|code)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth(orization|entication)?$|credential|cookie|session[_-]?id|signature$|(^|[_-])(pin|ssn|cvv)$",
    re.IGNORECASE,
)
# A number under such a name counts tokens, and is none.
_COUNTED: Final = re.compile("token", re.IGNORECASE)
# Access key ids, JSON web tokens, private keys, and URLs with a password.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_FORMS: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"
)


@dataclass(frozen=True, slots=True)
class Masking:
    """Tells what is not to be shown.

    Attributes:
        patterns: further names, as regular expressions.
        active: False to show everything.
    """

    patterns: tuple[re.Pattern[str], ...] = ()
    active: bool = True

    def masked(self, value: Json, steps: Sequence[Step] = ()) -> Json:
        """Return `value`, which stands at the end of `steps`, with `***` for what looks secret."""
        if not self.active:
            return value
        names = [step for step in steps if isinstance(step, str)]
        named = next((name for name in names if self._is_secret(name)), None)
        return self._under(value, named)

    def _under(self, value: Json, secret: str | None) -> Json:
        if isinstance(value, dict):
            return {
                _shown_text(key): self._under(item, secret or self._named(key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._under(item, secret) for item in value]
        if secret is None:
            return _shown_text(value) if isinstance(value, str) else value
        is_count = isinstance(value, int | float) and _COUNTED.search(secret)
        return value if value is None or isinstance(value, bool) or is_count else MASK

    def _named(self, key: str) -> str | None:
        return key if self._is_secret(key) else None

    def _is_secret(self, name: str) -> bool:
        return any(pattern.search(name) for pattern in (_NAMES, *self.patterns))


def _shown_text(text: str) -> str:
    return _FORMS.sub(MASK, text)


def masking(patterns: Iterable[str], *, active: bool) -> Masking:
    """Return the masking of the command line's options; a bad pattern raises re.error."""
    return Masking(tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns), active)
