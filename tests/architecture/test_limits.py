"""What AWS allows stands in one module, with its source, and everything else agrees with it."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from tests.infrastructure.parameters import bounds_of
from universal_sync_core import limits
from universal_sync_core.limits import (
    KIB,
    STEP_FUNCTIONS_HISTORY_EVENTS,
    STEP_FUNCTIONS_MAP_CONCURRENCY,
    STEP_FUNCTIONS_PAYLOAD_BYTES,
)
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION, Settings

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "layers/universal_sync_core/universal_sync_core/limits.py"
SOURCES = ("layers", "functions", "statebag", "local", "account", "examples", "benchmarks")
QUOTAS: dict[str, int] = {
    name: value for name, value in vars(limits).items() if re.fullmatch(r"[A-Z]\w+_[A-Z]+", name)
}
# Numbers that stand for nothing else; 80 and 256 do.
TELLING = {value for value in QUOTAS.values() if value > 2_000 and value != 10_000}
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
TABLE = ROOT / "docs" / "reference" / "limits.md"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
    return parsed


def numbers_in(path: Path) -> set[int]:
    """Return the whole numbers that a module has in figures."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {
        node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int
    }


def test_no_module_has_a_quota_of_its_own() -> None:
    modules = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 100
    found = {
        str(path.relative_to(ROOT)): repeated
        for path in modules
        if path != MODULE and (repeated := TELLING & numbers_in(path))
    }
    assert found == {}


def test_every_quota_has_its_source() -> None:
    text = MODULE.read_text("utf-8")
    for name in QUOTAS:
        before = text[: text.index(f"\n{name}: Final")]
        *_, comment = re.split(r"\n\n", before)
        assert "https://docs.aws.amazon.com/" in comment, name


def test_the_template_allows_what_aws_allows(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    assert bounds_of(parameters["MaxPayloadKb"]) == (16, STEP_FUNCTIONS_PAYLOAD_BYTES // KIB)
    assert bounds_of(parameters["MapConcurrency"]) == (1, STEP_FUNCTIONS_MAP_CONCURRENCY)
    assert bounds_of(parameters["SegmentsPerExecution"]) == (1, MOST_SEGMENTS_PER_EXECUTION)


def test_the_dashboard_shows_the_limit(template: dict[str, Any]) -> None:
    body = template["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    lines = re.findall(r'"label": "limit of Step Functions", "value": (\d+)', body)
    assert set(map(int, lines)) == {STEP_FUNCTIONS_PAYLOAD_BYTES}


def test_the_budget_of_payloads_may_be_raised_to_the_limit() -> None:
    most = str(STEP_FUNCTIONS_PAYLOAD_BYTES // KIB)
    settings = Settings.from_env({"MAX_PAYLOAD_KB": most})
    assert settings.max_payload_bytes == STEP_FUNCTIONS_PAYLOAD_BYTES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents_name_the_limits_as_they_are(page: Path) -> None:
    text = page.read_text("utf-8")
    for found in re.findall(r"(?<![\d,])26\d,\d{3}(?= bytes)", text):
        assert int(found.replace(",", "")) == STEP_FUNCTIONS_PAYLOAD_BYTES
    for found in re.findall(r"(?<![\d,])(\d+,\d{3})(?: history)? events", text):
        assert int(found.replace(",", "")) <= STEP_FUNCTIONS_HISTORY_EVENTS


def test_the_table_of_limits_is_complete() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", TABLE.read_text("utf-8"), re.MULTILINE)
    assert {name: int(value.replace(",", "")) for name, value in rows} == QUOTAS


def test_the_state_machine_has_no_number_near_a_limit() -> None:
    text = (ROOT / "statemachine" / "state_data_v3.asl.json").read_text("utf-8")
    numbers: list[int] = []
    json.loads(text, parse_int=lambda digits: numbers.append(int(digits)))
    assert not TELLING & set(numbers)
