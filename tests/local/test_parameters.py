"""Parameters that CloudFormation refuses are refused here, before anything is created."""

from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from local.errors import DeploymentError
from local.stack.parameters import require_allowed

ROOT = Path(__file__).parents[2]
SIZE = {"AllowedValues": [True, 1, "small"]}
NAME = {"AllowedPattern": "[a-z]+", "MinLength": "2", "MaxLength": 3}
OF_JAVA = {"AllowedPattern": r"\p{Lower}+"}


@pytest.mark.parametrize(
    ("parameter", "value", "constraint"),
    [
        (SIZE, "large", "AllowedValues"),
        (NAME, "ab1", "AllowedPattern"),
        (NAME, "a", "MinLength"),
        (NAME, "abcd", "MaxLength"),
    ],
)
def test_a_value_that_a_template_does_not_allow_is_refused(
    parameter: dict[str, Any], value: str, constraint: str
) -> None:
    with pytest.raises(DeploymentError, match=f"Size failed to satisfy .*{constraint}"):
        require_allowed({"Size": parameter}, {"Size": value})


@pytest.mark.parametrize(
    ("parameter", "value"),
    [(SIZE, "true"), (SIZE, "1"), (SIZE, "small"), (NAME, "abc"), (OF_JAVA, "abc"), ({}, "abc")],
)
def test_what_a_template_allows_is_taken(parameter: dict[str, Any], value: str) -> None:
    require_allowed({"Size": parameter}, {"Size": value})


def test_the_reason_is_told_in_the_words_of_the_template() -> None:
    declared = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
    with pytest.raises(DeploymentError, match=r"MaxPayloadKb .*: a whole number from 16 to 256"):
        require_allowed(declared, {"MaxPayloadKb": "30.5"})
