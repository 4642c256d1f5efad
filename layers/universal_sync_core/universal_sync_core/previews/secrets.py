"""What secrets look like: their names, and their forms in a string.

Somebody may make a string that is slow to search, so no expression here looks at a character more
than a few times: each part begins with a character that the part before cannot match, or is short,
and never backtracks.
"""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterable
from typing import Final

from universal_sync_core.values.codec import Json

MASK: Final = "***"
# Characters of a name that are looked at.
_LONGEST_NAME: Final = 256

# Anywhere in a name, in lower case and without diacritics.
_ANYWHERE: Final = (
    "pass[_-]?(?:wor[dt]|wd|phrase|code)|pwd|pswd|secret|token|credential|cookie"
    "|(?:access|account|api|auth|encryption|hmac|licen[cs]e|master|private|shared|signing|ssh"
    "|subscription)[_-]?key"
    "|session[_-]?id|connection[_-]?string|webhook[_-]?url|card[_-]?number"
    "|mnemonic|seed[_-]?phrase|client[_-]?assertion|code[_-]?verifier"
)
_AT_THE_END: Final = (
    "auth(?:orization|entication)|signature|(?:admin|db|proxy|root|smtp|sql|user)[_-]?p(?:ass|w)"
)
_NAMES: Final = re.compile(f"{_ANYWHERE}|(?:{_AT_THE_END})$")
# Only as a whole word: `compass` and `spinner` are not secret.
_SHORT: Final = ("cvc", "cvv", "jwt", "mfa", "otp", "pw", "psw", "sig", "ssn", "totp")
_WORDS: Final = {*_SHORT, "auth", "bearer", "cred", "creds", "dsn", "pass", "passwd", "pin"}
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

_ACCESS_KEY_ID_CHARS: Final = 20
_ACCESS_KEY_ID: Final = r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"
# No SHA-1 in hex.
_KEY_BESIDE: Final = r"(?<![\w/+])(?![0-9a-f]{40})[\w/+]{40}(?![\w/+=])"
# Access key ids with the secret key behind, tokens of sessions and tasks, JSON web tokens, also on
# several lines, tokens of well-known services (of Discord's bots and older ones of Vault by their
# whole form), hashes of passwords, private keys up to their END line, and the credentials after
# Bearer, Basic, an option, or in a URL in a URL.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
# https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
_BEFORE_DIGITS: Final = (
    *("ntn_", "bkua_", "rpa_", "r8_", "xai-", "pplx-", "tvly-", "pul-", "fo1_", "secret_"),
    *("duffel_live_", "shippo_live_", "gl(?:agent|cbt|ft|imt|oas)-"),
)
_FORMS: Final = re.compile(
    rf"{_ACCESS_KEY_ID}(?:.{{0,64}}?{_KEY_BESIDE})?"
    r"|(?<![\w+/])(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|A[\w+/]{0,6}AAAKgAAAA)[\w+/=]{40,}+"
    r"|(?<![\w-])eyJ[\w-]{8,}+(?:\.(?:[\r\n]{1,2}[ \t]{0,16}+)?[\w-]*+){1,4}+"
    r"(?:[ \t]{0,4}+\r?\n[ \t]{0,16}+[\w.-]{20,}+)*+"
    r"|(?<![\w-])(?:gh[pousr]_|github_pat_|gl(?:pat|rt|dt|sa|soat)[-_]|npm_|xox[abeprs]-|xapp-"
    r"|AIza|ya29\.|[prs]k_(?:live|test)_|whsec_|sk-|hf_|hv[bs]\.|SG\.|pypi-|do[opr]_v1_|dckr_pat_"
    r"|dp\.[a-z]{2,5}\.|shp(?:at|ca|pa|ss)_|sq0[a-z]{3}-|lin_api_|AGE-SECRET-KEY-|NRAK-|PMAK-"
    r"|gsk_|dapi(?=[0-9a-f]{32})|GOCSPX-|1//0|figd_|ATATT3|glsa_|glc_|ph[cx]_|sbp_|rubygems_"
    r"|tskey-(?:api|auth|client)-|sntry[su]_|nvapi-|vercel_blob_rw_|pscale_(?:oauth|pw|tkn)_"
    r"|ATBB|CCIPAT_|HRKU-|xkeysib-|lsv2_(?:pt|sk)_|bot\d{6,12}:(?=[\w-]{30})|(?<=hooks\.slack\.com/services/)|(?<=/api/webhooks/)"
    r"|(?<=\.office\.com/webhookb2/))[\w-]{9,}+(?:[./@][\w-]++)*+"
    r"|\b[0-9a-f]{32}-us\d{1,2}\b|\bSK[0-9a-f]{32}\b|(?<![\w-])[\w-]{14}\.atlasv1\.[\w-]++"
    r"|(?<![\w-])(?-i:[MNO])[\w-]{23,25}+\.[\w-]{6}\.[\w-]{27,38}+(?![\w-])"
    r"|(?<![\w.-])[sb]\.(?=[a-z]{0,22}+\d{1,22}+[a-z]{1,22}+\d)[a-z\d]{24}(?!\w)"
    r"|(?<![\w-])pat[a-z\d]{14}\.[\da-f]{64}(?!\w)"
    rf"|(?<![\w-])(?:{'|'.join(_BEFORE_DIGITS)})(?=[a-z]{{0,40}}+\d)[a-z\d]{{24,}}+(?![\w-])"
    r"|\$(?:2[aby]|apr1|[156]|y|argon2i?d?)\$[\w./$,=+-]{20,}+"
    r"|-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?:(?!-{4,5} ?END ).)*+"
    r"(?:-{4,5} ?END [A-Z0-9 ]{0,60}-{4,5})?"
    r"|(?<=Private-Lines: )\d{1,3}\s(?:(?!Private-)[\w+/=]{1,80}+\s?)*+"
    r"|(?<=%3A%2F%2F)[^\s%&]{1,256}+%3A[^\s%&]{1,256}+%40"
    r"|(?<=[?&]key=)(?=[a-z%=-]{0,64}\d)[\w%=-]{24,}+"
    r"|(?<=[?&]code=)(?=[a-z%=-]{0,64}\d)[\w%=.-]{10,}+"
    r"|(?<=\bbearer )[\w.~+/=-]{4,}+|(?<=\bbasic )[\w+/]{6,}+={1,2}"
    r"|(?:(?<= -u )|(?<=--user[ =]))[^\s:'\"]{1,256}+:[^\s'\"]{1,256}+",
    re.DOTALL | re.IGNORECASE,
)
# What stands after Basic without the padding that tells it from a word.
_BASIC: Final = re.compile(r"(?<=\bbasic )[\w+/]{8,}+(?!=)", re.IGNORECASE)
# JSON may write any letter of a name so.
_ESCAPED: Final = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)
# A URL with a password, whatever its scheme, or with a name that is long enough for a token.
_IN_URL: Final = re.compile(
    r"(?<=://)(?:[^/\s:@]{0,256}+:(?!\d{1,5}+/)(?:[^\s@\"'<>]{1,1024}+@)(?:[^\s/@\"'<>]{0,256}+@)*+"
    r"|[\w-]{20,256}+@)"
    r"|(?<![\w.-])[\w.-]{1,64}+:[^\s:@\"'<>]{1,256}+@(?=(?:tcp|unix)\()"
)
# What a command, a file of credentials or SQL takes as a password; `-p` of MySQL has no space. A
# line of .pgpass has host, port, database and user before it.
# https://www.postgresql.org/docs/current/libpq-pgpass.html
_AFTER: Final = re.compile(
    r"(\b(?:(?:(?:mysql|mariadb)[a-z-]{0,12}+ (?:[^\n|;]{0,256}? )?(?-i:-p)"
    r"|curl (?:[^\n|;]{0,256}? )?(?-i:-u)[^\s:'\"-][^\s:'\"]{0,256}+:)(?=\S)"
    r"|(?:sshpass|docker login (?:[^\n|;]{0,256}? )?)(?-i: ?-p) ?"
    r"|redis-cli (?:[^\n|;]{0,256}? )?-a "
    r"|pass(?:in|out) pass:|login \S{1,128} password "
    r"|user(?:name)?=[^\s;,&]{1,128}[\s;,&]{1,4}pass="
    r"|(?:identified by|password) (?=['\"])|oracle:thin:[^\s/@]{1,128}/|sqlplus [^\s/@]{1,128}/)"
    r"|(?::(?:543[29]|6432)|(?m:^)\*:(?:\*|\d{1,5})):[\w*.-]{1,64}:"
    r"(?![\da-f]{1,4}:)[\w*.-]{1,64}:)"
    r"(?:'[^'\r\n]*+'?|\"[^\"\r\n]*+\"?|[^\s'\"&,;@]++)",
    re.IGNORECASE,
)
# All that stands in a header.
_HEADER: Final = re.compile(
    r"((?:authorization|cookie(?=2?\s{0,4}+:[^=;]{1,256}+=))2?\s{0,4}+[:=]\s{0,4}+)"
    r"(?:=\\{0,4}+[\"'][^\"'\\\r\n]{0,1024}+\\{0,4}+[\"']|[^\r\n\\\"'])++",
    re.IGNORECASE,
)
# name=value, name: value, "name": "value", <name>value and --name value, in URLs, headers, logs,
# command lines and truncated JSON. A quoted value goes up to the same quote.
_ASSIGNED: Final = re.compile(
    rf"(?P<option>--(?:[a-z0-9]{{1,16}}-){{0,3}})?"
    rf"(?P<name>(?:{_ANYWHERE})[\w-]{{0,32}}+|{_AT_THE_END}|_auth|(?<![^\W_])(?:{'|'.join(_SHORT)}))"
    r"(?P<before>(?:[\\\"',]{0,16}+\s{0,4}+(?:[\\\"']{0,4}+value[\\\"']{0,4}+\s{0,4}+)?"
    r"(?:[=:]=?>?|%3D)\s{0,4}+|>\s{0,16}+(?:<value>|<!\[CDATA\[)?|(?(option)\s{1,4}+(?!-)|(?!)))"
    r"(?:bearer |basic |b(?=[\"']))?(?P<quote>\"\"(?![\s,;}\])]|\Z)|\\{0,16}+[\"'])?)"
    r"(?P<value>(?(quote)(?:(?!(?P=quote)).|(?<=\\)(?P=quote))*+|[^\s\\\"'&,;<{}\[\]]*+))",
    re.IGNORECASE | re.DOTALL,
)
# The lines of a text in YAML, which are further to the right than the name.
_LINES: Final = re.compile(
    rf"(?P<name>^(?P<indent>[ \t]{{0,64}}+)[\w.'\"-]{{0,64}}?"
    rf"(?:{_ANYWHERE})[\w-]{{0,32}}+['\"]?:"
    r"[ \t]{0,4}+[|>][+\d-]{0,2}[ \t]{0,4}+\r?\n)"
    r"(?:(?P=indent)[ \t]++[^\n]*+(?:\n|\Z)|[ \t]*+\n)++",
    re.IGNORECASE | re.MULTILINE,
)
# Digits of a number of tokens.
_LONGEST_COUNT: Final = 9
# Values that tell nothing.
_EMPTY: Final = frozenset({"", MASK, "null", "none", "true", "false"})


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
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    masked = _without_secrets(plain)
    return masked if plain == text or masked != plain else text


def _without_secrets(text: str) -> str:
    text = _IN_URL.sub(f"{MASK}@", _BASIC.sub(_without_password, _FORMS.sub(MASK, text)))
    text = _LINES.sub(rf"\g<name>\g<indent>  {MASK}\n", _AFTER.sub(rf"\g<1>{MASK}", text))
    return _ASSIGNED.sub(_masked, _HEADER.sub(rf"\g<1>{MASK}", text))


def are_keys_of_aws(values: Iterable[Json]) -> bool:
    """Tell whether one of the values is an access key id, so that another is the secret key."""
    return any(
        type(each) is str
        and len(each) == _ACCESS_KEY_ID_CHARS
        and re.fullmatch(_ACCESS_KEY_ID, each)
        for each in values
    )


def is_secret_key(value: Json) -> bool:
    """Tell whether a value has the form of a secret key of AWS."""
    return type(value) is str and re.fullmatch(_KEY_BESIDE, value) is not None


def _masked(found: re.Match[str]) -> str:
    """Return what assigns a value, with `***` for the value."""
    name, value = found["name"].lower(), found["value"]
    is_number = "token" in name and value.isdecimal() and len(value) <= _LONGEST_COUNT
    if is_number or value.lower() in _EMPTY:
        return found[0]
    return f"{found[0].removesuffix(value)}{MASK}"


def _without_password(found: re.Match[str]) -> str:
    """Return `***` for a user's name and password in base64, or another word as it is."""
    try:
        decoded = b64decode(found[0], validate=True).decode("ascii")
    except ValueError:
        return found[0]
    return MASK if ":" in decoded and decoded.isprintable() else found[0]


def _plain(name: str) -> str:
    """Return a name as it looks: normalised, without zero-width characters, in Latin letters."""
    folded = unicodedata.normalize("NFKD", name)
    seen = (each for each in folded if unicodedata.category(each) not in {"Cf", "Cc", "Mn"})
    return "".join(seen).translate(_LOOKALIKES)


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}
