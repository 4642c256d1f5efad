import json
from typing import Any

import pytest

from statebag.masking import MASK, masking
from statebag.paths import parse_path, render_path

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
    ],
)
def test_text_that_has_the_form_of_a_secret_is_masked(text: str) -> None:
    masked = DEFAULT.masked({"note": text})["note"]

    assert MASK in masked
    assert masked != text


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
