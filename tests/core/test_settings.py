"""Settings are read once, and a wrong one is named."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from universal_sync_core.errors import ConfigurationError
from universal_sync_core.settings import STEP_FUNCTIONS_PAYLOAD_BYTES, Settings

KIB = 1024


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_env({})
    assert settings == Settings()
    assert (settings.bucket, settings.prefix, settings.kms_key_id) == (None, "", None)
    assert settings.field_offload_bytes == 30 * KIB
    assert settings.state_offload_bytes == 100 * KIB
    assert settings.max_payload_bytes == 200 * KIB
    assert settings.bound_bytes == 150 * KIB
    assert settings.history_max_entries == 50


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("STATE_BUCKET", "bucket", "bucket", "bucket"),
        ("STATE_BUCKET", "", "bucket", None),
        ("STATE_PREFIX", "team", "prefix", "team/"),
        ("STATE_PREFIX", "team/a/", "prefix", "team/a/"),
        ("STATE_KMS_KEY_ID", "alias/key", "kms_key_id", "alias/key"),
        ("STATE_KMS_KEY_ID", "", "kms_key_id", None),
        ("FIELD_OFFLOAD_KB", "1", "field_offload_bytes", KIB),
        ("STATE_OFFLOAD_KB", "64", "state_offload_bytes", 64 * KIB),
        ("MAX_PAYLOAD_KB", "256", "max_payload_bytes", 256 * KIB),
        ("HISTORY_MAX_ENTRIES", "10", "history_max_entries", 10),
        ("HISTORY_MAX_ENTRIES", "", "history_max_entries", 50),
        ("STATE_CACHE_MB", "1", "cache_bytes", KIB * KIB),
        (
            "STATE_ALLOWED_PREFIXES",
            "s3://a/b/, s3://c/",
            "allowed_prefixes",
            ("s3://a/b/", "s3://c/"),
        ),
        ("TENANT_SEPARATOR", ".", "tenant_separator", "."),
        ("TENANT_SEPARATOR", "", "tenant_separator", None),
        ("RESUMABLE_MACHINES", "", "resumable_machines", ()),
        (
            "RESUMABLE_MACHINES",
            "arn:aws:states:eu-west-1:1:stateMachine:m, arn:aws:states:eu-west-1:1:stateMachine:n",
            "resumable_machines",
            (
                "arn:aws:states:eu-west-1:1:stateMachine:m",
                "arn:aws:states:eu-west-1:1:stateMachine:n",
            ),
        ),
    ],
)
def test_each_variable_sets_its_field(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(Settings.from_env({name: text}), field) == value


@pytest.mark.parametrize(
    "name",
    [
        "FIELD_OFFLOAD_KB",
        "STATE_OFFLOAD_KB",
        "MAX_PAYLOAD_KB",
        "HISTORY_MAX_ENTRIES",
        "STATE_CACHE_MB",
    ],
)
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "30KB", " ", "many", "²"])
def test_a_number_that_is_none_is_refused_and_its_variable_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_env({name: text})


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"MAX_PAYLOAD_KB": "257"}, "max_payload_bytes must be at most 262,144"),
        ({"STATE_PREFIX": "/team"}, "prefix"),
        ({"STATE_ALLOWED_PREFIXES": "s3://bucket"}, "allowed prefix"),
        ({"STATE_ALLOWED_PREFIXES": "https://bucket/a/"}, "allowed prefix"),
    ],
)
def test_what_could_not_work_is_refused(env: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Settings.from_env(env)


def test_the_payload_limit_is_that_of_step_functions() -> None:
    assert STEP_FUNCTIONS_PAYLOAD_BYTES == 262_144


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().bucket = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TENANT_SEPARATOR", ":"),
        ("TENANT_SEPARATOR", "tenant"),
        ("TENANT_SEPARATOR", " "),
        ("TENANT_SEPARATOR", "....."),
        ("RESUMABLE_MACHINES", "m"),
        ("RESUMABLE_MACHINES", "arn:aws:states:eu-west-1:1:execution:m:e"),
    ],
)
def test_rule_of_owners_that_would_never_hold_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError):
        Settings.from_env({name: text})
