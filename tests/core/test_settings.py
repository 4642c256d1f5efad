"""Settings are read once, and a wrong one is named."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from universal_sync_core.errors import ConfigurationError
from universal_sync_core.limits import STEP_FUNCTIONS_PAYLOAD_BYTES
from universal_sync_core.settings import Settings

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
            "s3://one/b/, s3://two/",
            "allowed_prefixes",
            ("s3://one/b/", "s3://two/"),
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
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "30KB", " ", "many", "²", "9" * 5_000])
def test_a_number_that_is_none_is_refused_and_its_variable_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_env({name: text})


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"MAX_PAYLOAD_KB": "257"}, r"over 262,144 bytes \(256 KB\)"),
        ({"SEGMENTS_PER_EXECUTION": "801"}, "over 800"),
        ({"MAP_CONCURRENCY": "10001"}, "over 10,000"),
        ({"STATE_PREFIX": "/team"}, "prefix"),
        ({"STATE_PREFIX": "team/v1"}, "folder"),
        ({"STATE_PREFIX": "p" * 128}, "128 bytes"),
        ({"STATE_ALLOWED_PREFIXES": "s3://bucket"}, "allowed prefix"),
        ({"STATE_ALLOWED_PREFIXES": "https://bucket/a/"}, "allowed prefix"),
        ({"STATE_ALLOWED_PREFIXES": "s3://bucket/", "STATE_BUCKET": "bucket"}, "all executions"),
        ({"TENANT_SEPARATOR": "/"}, "1 to 4 characters"),
        ({"RESUMABLE_MACHINES": "machine"}, "ARNs"),
        ({"READABLE_MACHINES": "machine"}, "ARNs"),
    ],
)
def test_what_could_not_work_is_refused_and_its_variable_named(
    env: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as refused:
        Settings.from_env(env)
    assert next(iter(env)) in str(refused.value)


NO_BUCKETS = [
    "my_bucket",
    "s3://bucket",
    "Bucket",
    "b",
    "ab",
    "b" * 64,
    "-bucket",
    "bucket-",
    ".bucket",
    "bucket.",
    "buc..ket",
    "192.168.5.4",
    "bucket/folder",
    " bucket",
    "bucket\n",
    "bücket",
    "xn--bucket",
    "sthree-bucket",
    "amzn-s3-demo-bucket",
    "access-point.mrap",
    "bucket--ol-s3",
    "arn:aws:s3:eu-west-1:123456789012:accesspoint/state",
]


@pytest.mark.parametrize("name", NO_BUCKETS)
def test_what_is_no_buckets_name_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ConfigurationError, match="STATE_BUCKET"):
        Settings.from_env({"STATE_BUCKET": name})


@pytest.mark.parametrize("name", [name for name in NO_BUCKETS if "/" not in name])
def test_no_place_in_what_is_no_bucket_may_be_allowed(name: str) -> None:
    with pytest.raises(ConfigurationError, match="STATE_ALLOWED_PREFIXES"):
        Settings(allowed_prefixes=(f"s3://{name}/inputs/",))


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "my-bucket",
        "my.bucket.name",
        "1bucket2",
        "b" * 63,
        "1.2.3.4.5",
        "point-metadata-s3alias",
    ],
)
def test_every_buckets_name_is_taken(name: str) -> None:
    assert Settings.from_env({"STATE_BUCKET": name}).bucket == name


@pytest.mark.parametrize(
    "place",
    [
        "s3://",
        "s3:///",
        "s3:///inputs/",
        "s3://bucket",
        "s3://bucket//",
        "s3://bucket/a",
        "s3://bucket/../",
        "s3://bucket/a/./",
        "s3://bucket//a/",
        "S3://bucket/a/",
        "https://bucket/a/",
        "bucket/a/",
    ],
)
def test_an_allowed_prefix_is_a_folder_of_a_bucket(place: str) -> None:
    with pytest.raises(ConfigurationError, match="STATE_ALLOWED_PREFIXES"):
        Settings.from_env({"STATE_BUCKET": "bucket", "STATE_ALLOWED_PREFIXES": place})


@pytest.mark.parametrize("prefix", ["", "team/"])
@pytest.mark.parametrize("folder", ["", "v1/", "team/", "team/v1/"])
def test_an_allowed_prefix_may_not_cover_the_state_of_all_executions(
    prefix: str, folder: str
) -> None:
    covers = f"{prefix}v1/".startswith(folder)
    env = {
        "STATE_BUCKET": "bucket",
        "STATE_PREFIX": prefix,
        "STATE_ALLOWED_PREFIXES": f"s3://bucket/{folder}",
    }
    if covers:
        with pytest.raises(ConfigurationError, match="of all executions"):
            Settings.from_env(env)
    else:
        assert Settings.from_env(env).allowed_prefixes == (f"s3://bucket/{folder}",)


@pytest.mark.parametrize("place", ["s3://bucket/v1/run-1/", "s3://bucket/inputs/", "s3://other/"])
def test_one_execution_inputs_and_another_bucket_may_be_allowed(place: str) -> None:
    settings = Settings(bucket="bucket", allowed_prefixes=(place,))
    assert settings.allowed_prefixes == (place,)


@pytest.mark.parametrize(
    "prefix",
    [
        "/",
        "/team/",
        "team//a/",
        "../",
        "team/../",
        "./",
        "inputs/",
        "team/inputs/",
        "v1/",
        "x" * 128,
        "a\nb/",
        "\udcff/",
    ],
)
def test_a_prefix_is_folders_of_its_own(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="STATE_PREFIX"):
        Settings.from_env({"STATE_BUCKET": "bucket", "STATE_PREFIX": prefix})


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
