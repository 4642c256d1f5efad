"""What secrets look like: their names, and their forms in a string.

Somebody may make a string that is slow to search, so no expression here looks at a character more
than a few times: each part begins with a character that the part before cannot match, and never
backtracks.
"""

import re
import unicodedata
from typing import Final

MASK: Final = "***"
# Characters of a name that are looked at.
_LONGEST_NAME: Final = 256

# Anywhere in a name, in lower case and without diacritics.
_NAMES: Final = re.compile(
    "pass(?:word|wd|phrase|code)|secret|token|apikey|accesskey|privatekey|credential|cookie"
    "|sessionid|auth(?:orization|entication)$|signature$"
)
# Only as a whole word: `compass` and `spinner` are not secret.
_WORDS: Final = frozenset({"pwd", "pass", "passwd", "pin", "ssn", "cvv", "cvc", "auth", "otp"})
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Names of numbers that only count tokens.
_COUNTS: Final = frozenset(
    {"tokens", "count", "limit", "max", "min", "total", "used", "usage", "budget", "left"}
)
# Letters of other scripts that look like Latin ones, except those that Unicode itself folds.
# https://www.unicode.org/Public/security/latest/confusables.txt
_LOOKALIKES: Final = str.maketrans(
    "аАсСеЕоОрРхХуУіІјЈѕЅкКмМтТвВнНԁԛԝһαΑεΕοΟρΡκΚτΤιΙνΝυΥχΧωɑɡıℓ",
    "aAcCeEoOpPxXyYiIjJsSkKmMtTbBhHdqwhaAeEoOpPkKtTiIvNuYxXwagil",
)

# Access key ids, JSON web tokens, tokens of well-known services, private keys up to their END line,
# and the credentials after Bearer or Basic.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
# https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
_FORMS: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?"
    r"|(?<![\w-])(?:gh[pousr]_|github_pat_|glpat-|npm_|xox[abeprs]-|AIza|[sr]k_live_|sk-)[\w-]{16,}+"
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?:(?!-----END ).)*+(?:-----END [A-Z0-9 ]{0,60}-----)?"
    r"|(?<=\bbearer )[\w.~+/=-]{4,}+|(?<=\bbasic )[\w+/]{6,}+={1,2}",
    re.DOTALL | re.IGNORECASE,
)
# A URL with a password, whatever its scheme.
_IN_URL: Final = re.compile(r"(?<=://)[^/\s:@]{0,256}+:[^/\s@]{1,1024}+(?=@)")
# name=value, name: value and "name": "value", in URLs, headers, logs and truncated JSON.
_ASSIGNED: Final = re.compile(
    r"((?:pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credential|signature|authorization|cookie)[\w-]{0,32}+[\\\"']{0,4}+\s{0,4}+[=:]\s{0,4}+"
    r"[\\\"']{0,4}+(?:bearer |basic )?)"
    r"(?!\d{1,9}+(?:[^\w.-]|\Z))(?!\*\*\*)[^\s\\\"'&,;{}\[\]]++",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Tell whether the value of a name is likely to be secret."""
    plain = _plain(name[:_LONGEST_NAME])
    letters = re.sub(r"[\W_]", "", plain).lower()
    return _NAMES.search(letters) is not None or not _WORDS.isdisjoint(_words(plain))


def is_count(name: str) -> bool:
    """Tell whether a number under a secret name only counts tokens."""
    words = _words(_plain(name[:_LONGEST_NAME]))
    return not _COUNTS.isdisjoint(words) and not {"token", "tokens"}.isdisjoint(words)


def without_secrets(text: str) -> str:
    """Return a string with `***` for each part that has the form of a secret."""
    text = _IN_URL.sub(MASK, _FORMS.sub(MASK, text))
    return _ASSIGNED.sub(rf"\g<1>{MASK}", text)


def _plain(name: str) -> str:
    """Return a name as it looks: normalised, without zero-width characters, in Latin letters."""
    folded = unicodedata.normalize("NFKD", name)
    seen = (each for each in folded if unicodedata.category(each) not in {"Cf", "Cc", "Mn"})
    return "".join(seen).translate(_LOOKALIKES)


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}
