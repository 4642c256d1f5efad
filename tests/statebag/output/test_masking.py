import json
from collections.abc import Callable
from typing import Any

import pytest

from statebag.output.masking import MASK, masking
from statebag.output.terminal import escaped
from statebag.paths import parse_path, render_path
from statebag.sources.snapshots import named_in
from statebag.state.references import executions_in, paths_in
from universal_sync_core.previews.secrets import is_secret_name

DEFAULT = masking((), active=True)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "apiKey",
        "API-KEY",
        "secret",
        "clientSecret",
        "access_token",
        "task_token",
        "Authorization",
        "privateKey",
        "session_id",
        "credentials",
        "cookie",
        "pin",
        "pwd",
        "db_pass",
        "dbPass",
        "PWD",
        "raumlaser.otp",
        "p\u0430ssw\u043erd",  # with Cyrillic letters
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",  # full width
        "pass\u200bword",
        "pa\u00adss\u2060wo\u0301rd",
        "db_pw",
        "DBPASS",
        "rootpw",
        "pswd",
        "Passwort",
        "jwt",
        "bearer",
        "creds",
        "mfa",
        "connectionString",
        "signing_key",
        "AccountKey",
        "ssh-key",
        "Ocp-Apim-Subscription-Key",
        "seed_phrase",
        "webhook_url",
        "cardNumber",
    ],
)
def test_value_under_a_secret_name_is_masked(name: str) -> None:
    assert DEFAULT.masked({name: "x"}) == {name: MASK}


@pytest.mark.parametrize(
    "field",
    [
        {"author": "Ada"},
        {"keyboard": "x"},
        {"monkey": "x"},
        {"total_tokens": 512},
        {"signature_version": "v4"},
        {"spinner": "x"},
        {"password": None},
        {"is_secret": True},
        {"compass": "north", "bypass": "x"},
        {"max_tokens": 5, "tokenCount": 7, "token_limit": 9},
        {"name": "Content-Type", "value": "text/html"},
        {"name": "Ada", "key": "k", "value": 1},
        {"note": "a token of esteem, a password policy"},
        {"note": "total_tokens=512, tokens: 7"},
        {"note": '{"name": "Ada",   "keys": [1]}'},
        {"text": "Bearers and basics"},
        {"s3_key": "a/b", "sort_key": "id", "idempotency_key": "x", "cacheKey": "y"},
        {"type": "token", "text": "hello"},
        {"Sid": "AllowRead"},
        {"required": ["password", "email"]},
        {"pairs": [["city", "Paris"], ["zip", 75001], ["token"]]},
        {"note": "token: 5, pass: 3, fail: 0, bypass=1"},
        {"note": "is_secret=true, password=null, 'password': None"},
        {"note": "docker run --user app x"},
        {"note": "https://host.example:8080/users/ada@mail.example, git@host.example"},
        {"note": "x < token > 5"},
        {"note": "a" * 100 + "A" * 100},
        {"note": "https://x.example/?code=404&key=reports/2025/january.csv"},
        {"note": "mysql -P 3306 -h db -e 'select 1', mkdir -p lovelace, ssh -p 22 x"},
        {"note": "login with your password first, user=ada passed=3"},
        {"id": "AKIA", "sha": "0123456789abcdef0123456789abcdef01234567"},
        {"note": "text: |\n  password policies\n  and tokens\n"},
        {"note": "$1 and $2 of $15$ a share"},
    ],
)
def test_what_is_no_secret_is_shown(field: dict[str, Any]) -> None:
    assert DEFAULT.masked(field) == field


def test_everything_under_a_secret_name_is_masked() -> None:
    masked = DEFAULT.masked({"credentials": {"user": "Ada", "keys": ["a", {"b": 1}]}})

    assert masked == {"credentials": {"user": MASK, "keys": [MASK, {"b": MASK}]}}


def test_part_is_masked_by_the_way_to_it() -> None:
    assert DEFAULT.masked("x", ("current_state", "password", 0)) == MASK


@pytest.mark.parametrize(
    "text",
    [
        "key AKIAIOSFODNN7EXAMPLE here",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://ada:lovelace@db.example/catalog",
        "POSTGRES://ada:lovelace@db.example/catalog",
        "redis://:lovelace@cache",
    ],
)
def test_text_that_has_the_form_of_a_secret_is_masked(text: str) -> None:
    masked = DEFAULT.masked({"note": text})["note"]

    assert MASK in masked
    assert masked != text


KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBY\nlovelace\n-----END EC PRIVATE KEY-----"
SECRETS: dict[str, Any] = {
    "private key": f"before {KEY} after",
    "private key in JSON": f"before {json.dumps(KEY)} after",
    "private key that is cut": KEY[:60],
    "header": {"name": "Authorization", "value": "lovelace"},
    "parameter": [{"Name": "DB_PASSWORD", "Value": "lovelace", "Type": "String"}],
    "key and value": {"key": "api_key", "value": ["lovelace"]},
    "JSON in a text": json.dumps({"user": "Ada", "password": "lovelace"}),
    "JSON in JSON in a text": json.dumps({"body": json.dumps({"password": "lovelace"})}),
    "JSON that is cut": '{"user": "Ada", "password": "lovelace", "n',
    "JSON that is quoted": 'said "{\\"password\\": \\"lovelace\\"}"',
    "bearer": "Authorization: Bearer lovelace",
    "bearer alone": "curl -H 'bearer lovelace.x'",
    "basic": "Basic lovelace0123456789lovelace==",
    "github": "ghp_lovelace0123456789lovelace0123456789",
    "github, fine-grained": "github_pat_11lovelace0123456789_lovelace",
    "signed URL": "https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Security-Token=lovelace%2F&x=1",
    "token in a URL": "https://x.example/?access_token=lovelace#top",
    "assignment": "export DB_PASSWORD=lovelace",
    "number": {"access_token": 815},
    "headers as pairs": {"headers": [["Authorization", "lovelace"], ["Host", "x"]]},
    "parameter of CloudFormation": {"ParameterKey": "DBPassword", "ParameterValue": "lovelace"},
    "option of Elastic Beanstalk": {"OptionName": "DBPASSWORD", "Value": "lovelace"},
    "SecureString": {"Name": "/prod/db", "Type": "SecureString", "Value": "lovelace"},
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps({"password": "lovelace"}))),
    "quoted, with a space": 'password="Ada lovelace"',
    "quoted, with a quote": 'password="Ada\\"lovelace"',
    "quoted in JSON that is cut": '{"a": "password=\\"Ada lovelace\\"", "n',
    "doubled quotes of CSV": '"{""password"": ""Ada lovelace""}"',
    "bytes of Python": "{'password': b'lovelace'}",
    "other signs": "password => lovelace, password := lovelace, password == lovelace",
    "encoded in a URL": "password%3Dlovelace",
    "element of XML": "<password>lovelace</password>",
    "attribute of XML": '<add key="password" value="lovelace"/>',
    "name and value in JSON that is cut": '{"name": "password", "value": "lovelace", "n',
    "option of a command": "mysql --db-password lovelace -h x",
    "user of a command": "curl -u ada:lovelace https://x.example",
    "digits": "password=815815815, pin: x, otp=815815",
    "masked in part": "password=***lovelace",
    "any scheme": "Authorization: token lovelace",
    "digest": "Authorization: Digest username='Ada', response=\"lovelace\"",
    "signature of a request": "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=lovelace",
    "second cookie": "Cookie: a=1; session=lovelace",
    "signature of Azure": "https://x.blob.example/c?sv=1&sig=lovelace%3D&se=2",
    "connection string": "AccountName=a;AccountKey=lovelace==;EndpointSuffix=x",
    "token as a user of a URL": "https://lovelace0123456789lovelace@github.com/x",
    "slash in a password": "postgres://ada:x/lovelace@db.example/c",
    "at in a password": "postgres://ada:x@lovelace@db.example/c",
    "encrypted web token": "eyJhbGciOiJkaXIifQ..lovelace0123.lovelace0123.lovelace0123",
    "vault": "hvs.lovelace0123456789",
    "sendgrid": "SG.lovelace0123456789.lovelace0123456789lovelace",
    "stripe": "sk_test_lovelace0123456789 whsec_lovelace0123456789",
    "slack": "https://hooks.slack.com/services/T00000000/B00000000/lovelace0123456789",
    "session token": "IQoJb3JpZ2luX2VjE" + "lovelace+/0123456789" * 10,
    "code of a function": "https://x.example/api/f?code=lovelace0123456789lovelace==",
    "key in a URL": "https://x.example/api?address=x&key=lovelace0123456789lovelace012345",
    "URL in a URL": "https://x.example/?to=https%3A%2F%2Fada%3Alovelace%40h",
    "mysql": "mysql -uroot -plovelace -h db",
    "mysqldump, quoted": "mysqldump -P 3306 -u root -p'Ada lovelace' shop",
    "option with its value": "curl --user=ada:lovelace https://x",
    "user beside its option": "curl -s -uada:lovelace https://x",
    "sshpass": "sshpass -p lovelace ssh x",
    "redis-cli": "redis-cli -h x -a lovelace ping",
    "docker": "docker login -u ada -p lovelace registry",
    "openssl": "openssl -passin pass:lovelace -in x",
    "netrc": "machine x login ada password lovelace",
    "user and pass": "user=ada pass=lovelace",
    "SQL": "CREATE USER ada IDENTIFIED BY 'Ada lovelace'; ALTER ROLE ada PASSWORD 'lovelace'",
    "oracle": "jdbc:oracle:thin:ada/lovelace@//h:1521/x, sqlplus ada/lovelace@db",
    "secret key of AWS": "AKIAIOSFODNN7EXAMPLE lovelacelovelacelovelacelovelace12345678",
    "secret key in CSV": "AKIAIOSFODNN7EXAMPLE\nx,lovelace/lovelacelovelacelovelace+123456",
    "secret key beside": {
        "id": "AKIAIOSFODNN7EXAMPLE",
        "key": "lovelacelovelacelovelacelovelace12345678",
    },
    "secret key in a list": ["AKIAIOSFODNN7EXAMPLE", "lovelacelovelacelovelacelovelace12345678"],
    "web token on lines": "eyJhbGciOiJIUzI1NiJ9.\n  eyJzdWIiOiJBZGEifQ.\n  lovelacelovelace",
    "web token that is wrapped": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi\nlovelacelovelace.lovelacelovelace",
    "key of SSH": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nlovelace\n---- END SSH2 X KEY ----",
    "key of PuTTY": "Private-Lines: 2\nlovelace0\nlovelace=\nPrivate-MAC: 00",
    "hash of a password": "ada:$2b$12$lovelacelovelacelovelace.lovelacelovelacelovelace",
    "lines of YAML": "  password: |\n    lovelace\n\n    lovelace\n  user: x",
    "folded line of YAML": "db_password: >-\n  Ada lovelace",
    "value in an element of XML": "<password><value>lovelace</value></password>",
    "CDATA of XML": "<password><![CDATA[lovelace]]></password>",
    "npmrc": "_auth=lovelace",
    "header of a key": "X-Auth-Key: lovelace",
    "assertion": "client_assertion=lovelace&code_verifier=lovelace",
    "tokens of services": "gsk_lovelace0123456789 GOCSPX-lovelace01234567 figd_lovelace0123",
    "token of a bot": "https://x.example/bot123456789:lovelacelovelacelovelacelovelace123/getMe",
    "task token": "AQCEAAAAKgAAAAMAAAAAAAAAA" + "lovelace+/0123456789" * 10,
}


@pytest.mark.parametrize("value", SECRETS.values(), ids=SECRETS)
def test_secret_of_a_known_kind_is_masked(value: Any) -> None:
    shown = json.dumps(DEFAULT.masked(value))

    assert MASK in shown
    assert not {word for word in ("lovelace", "MHcC", "815") if word in shown}


def test_what_stands_beside_a_secret_is_shown() -> None:
    assert DEFAULT.masked({"note": SECRETS["private key"]}) == {"note": f"before {MASK} after"}
    assert DEFAULT.masked(SECRETS["signed URL"]).endswith(f"X-Amz-Security-Token={MASK}&x=1")
    assert json.loads(DEFAULT.masked(SECRETS["JSON in a text"])) == {
        "user": "Ada",
        "password": MASK,
    }
    assert DEFAULT.masked(SECRETS["header"]) == {"name": "Authorization", "value": MASK}
    assert DEFAULT.masked("POSTGRES://ada:x@db.example/c") == f"POSTGRES://{MASK}@db.example/c"


MIB = 2**20
IN_TEXTS = [
    "eyJ-",
    "eyJaaaaaaaa.",
    "a.",
    "://",
    "://a:",
    "a://a:a",
    "s3://aa/",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN A",
    "AKIA",
    "ghp_",
    "sk-",
    "bearer ",
    "token",
    "password = ",
    'password\\"',
    '{"a":',
    "[",
    '"',
    "://a:a@",
    "://a:a@a@",
    "AAAKgAAAA",
    "SG.",
    "--a-",
    "--a-token ",
    "token='",
    'token=""',
    'token\\=\\"',
    "token,value",
    'authorization: ="',
    "cookie: a=",
    " -u a:",
    "eyJaaaaaaaa\n",
    "AKIAIOSFODNN7EXAMPLE ",
    "a" * 40 + " ",
    "mysql ",
    "curl -u",
    "docker login ",
    "login a ",
    "user=a ",
    "oracle:thin:",
    "password: |\n ",
    " \n",
    "%3A%2F%2F",
    "?key=a",
    "----- BEGIN ",
    "Private-Lines: 1\n",
    "$1$a",
    "bot123456:",
]
IN_PATHS = [
    "s3://aa/",
    "s3://aa/v1/",
    "/v1/x/packs/",
    f"/v1/x/packs/{'0' * 64}",
    f"s3://bucket/v1/x/packs/{'0' * 64}",
]
IN_ARNS = ["arn:", "arn:aws:states:x:", "arn:aws:states:eu-west-1:123456789012:execution:"]
IN_NAMES = ['"record_s3_path": ', '"record_s3_path":\t', '"record_s3_path":"s3://']
Look = Callable[[str], object]
SLOW: list[tuple[Look, str]] = [
    *((DEFAULT.masked, text) for text in IN_TEXTS),
    *((lambda text: list(paths_in(text.encode())), text) for text in IN_PATHS),
    *((lambda text: list(executions_in(text.encode())), text) for text in IN_ARNS),
    *((lambda text: list(named_in(text)), text) for text in IN_NAMES),
    (escaped, "\u202e"),
    (escaped, "\ud83d"),
    (is_secret_name, "a\u0301"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("look", "text"), SLOW)
def test_text_of_a_mebibyte_is_looked_through_at_once(look: Look, text: str) -> None:
    """One that took the square of the length would look at it for hours."""
    look(text * (MIB // len(text)))


def test_nothing_is_masked_where_nothing_is_to_be() -> None:
    value = {"password": "x"}

    assert masking((), active=False).masked(value) == value


@pytest.mark.parametrize(
    "path",
    [
        "current_state.report.sections[3]",
        'a["key.with dots"].b',
        '["[0]"]',
        "items[0][1].name",
        "",
    ],
)
def test_path_is_read_as_it_is_written(path: str) -> None:
    assert render_path(parse_path(path)) == path


def test_key_of_any_text_has_a_path() -> None:
    steps = ('"', "a.b", "\\", 7, "é")

    assert parse_path(render_path(steps)) == steps
    assert json.loads(render_path(('"',))[1:-1]) == '"'


@pytest.mark.parametrize(
    "prefix",
    [
        *("tskey-auth-", "sntrys_", "sntryu_", "nvapi-", "vercel_blob_rw_", "pscale_tkn_"),
        *("pscale_pw_", "ntn_", "secret_", "CCIPAT_", "xkeysib-", "lsv2_pt_", "glft-", "bkua_"),
    ],
)
def test_token_of_a_service_is_masked_by_its_prefix(prefix: str) -> None:
    token = prefix + "Ab1" * 8
    assert (
        masking((), active=True).masked(f"connected with {token}, as before")
        == "connected with ***, as before"
    )


HIDDEN = "hunter2-of-nobody"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sent Basic dXNyOnBhc3N3 to it", "sent Basic *** to it"),
        (f"db.internal:5432:orders:app:{HIDDEN}", "db.internal:5432:orders:app:***"),
        (f"# mine\n*:*:*:app:{HIDDEN}\n", "# mine\n*:*:*:app:***\n"),
        (f'got {{"pass\\u0077ord":"{HIDDEN}"}}', 'got {"password":"***"}'),
        ("as MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", "as ***"),
        ("VAULT s.hQ2xYt8uLkJm3NpRs5VwZa7B", "VAULT ***"),
        (f"app:{HIDDEN}@tcp(db:3306)/orders", "***@tcp(db:3306)/orders"),
        (f"<password>\n  {HIDDEN}\n</password>", "<password>\n  ***\n</password>"),
    ],
    ids=["basic", "pgpass", "any host", "escaped letter", "discord", "vault", "go", "xml"],
)
def test_credentials_in_a_text_are_masked_in_the_form_that_they_have_there(
    text: str, shown: str
) -> None:
    assert masking((), active=True).masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "basic password of basic auth, basic YWJjZGVm",
        "arn:aws:lambda:*:*:function:orders and fe80:5432:0:1:2",
        "at s.compute and s.calculateTotalAmountOfAll",
        "secret_rotation_of_the_2025_orders and rpa_of_the_2025_orders",
        'got {"na\\u006de":"Ada"}',
        "version 2.10.1.20250101, MNOP.abcdef.xyz",
    ],
    ids=["basic", "arn", "code", "names", "escaped letter", "version"],
)
def test_a_text_without_credentials_stays(text: str) -> None:
    assert masking((), active=True).masked(text) == text
