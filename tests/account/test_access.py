"""Nobody's account is touched by a mistake."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from moto import mock_aws

from account.__main__ import main
from account.access import granted
from account.errors import RefusedError

OWN, OTHER = "123456789012", "210987654321"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.mark.parametrize("said", ["", "yes", "1", OWN[:-1], f"{OWN}0", f" {OWN}"])
def test_an_account_has_to_be_named_by_its_id(said: str) -> None:
    with pytest.raises(RefusedError, match="Name the account by its 12 digits"):
        granted(said)


def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(
        RefusedError, match=f"you named account {OTHER}, but your credentials belong to {OWN}"
    ):
        granted(OTHER)


def test_credentials_of_the_account_that_was_named_give_access() -> None:
    assert granted(OWN).account == OWN


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(RefusedError, match="set AWS_DEFAULT_REGION"):
        granted(OWN)


@pytest.mark.parametrize("arguments", [[], ["--yes", OTHER], ["--clean", "usc-check-0"]])
def test_a_command_that_is_refused_does_nothing(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for what in ("run", "delete_run"):
        monkeypatch.setattr(f"account.__main__.{what}", pytest.fail)
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 2
    assert told.output.startswith("nothing was done")
