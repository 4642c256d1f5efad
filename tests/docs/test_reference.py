"""What the README and the tables of the reference list is what there is."""

import inspect
import re
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from actions import EVERY_ACTION
from tests.docs import pages
from tests.infrastructure.parameters import bounds_of
from universal_sync_core import Result, Status, errors
from universal_sync_core.settings import Settings

README = (pages.ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = pages.DOCS / "reference"
# A screen and a half, beside the picture.
MOST_LINES = 130


def first_column(page: str) -> set[str]:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


@pytest.fixture(scope="module")
def template() -> Any:
    return yaml_parse((pages.ROOT / "template.yaml").read_text(encoding="utf-8"))


def test_every_action_is_listed() -> None:
    fields = {"action", "state_data", "merge_strategy", "keep_inline"}
    assert set(EVERY_ACTION) - first_column("actions.md") == set()
    assert fields <= first_column("actions.md")


def test_every_parameter_is_listed_and_no_other(template: Any) -> None:
    assert first_column("parameters.md") == set(template["Parameters"])


def test_defaults_of_the_parameters_are_those_of_the_template(template: Any) -> None:
    text = (REFERENCE / "parameters.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| ([\w`(), -]+) \|", text, flags=re.MULTILINE)
    given: dict[str, str] = {}
    for names, defaults in rows:
        values = re.findall(r"[\w()]+(?: \w+\))?", defaults.replace("`", ""))
        given |= dict(zip(re.findall(r"\w+", names), values, strict=False))
    numbers = {name: value for name, value in given.items() if value.isdecimal()}
    assert len(numbers) > 5
    assert {name: str(template["Parameters"][name]["Default"]) for name in numbers} == numbers


def test_what_the_template_refuses_of_a_parameter_is_told(template: Any) -> None:
    lines = (REFERENCE / "parameters.md").read_text(encoding="utf-8").splitlines()
    rows = {name: line for line in lines for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    untold = [
        (name, limit)
        for name, parameter in template["Parameters"].items()
        for limit in limits_of(parameter)
        if limit not in rows[name]
    ]
    assert untold == []


def test_lengths_of_parameters_are_those_of_the_template(template: Any) -> None:
    row = re.compile(r"^\| `(\w+)`[^\n]* at most ([\d,]+) characters", re.MULTILINE)
    texts = [page.read_text(encoding="utf-8") for page in pages.PAGES]
    told = [
        (name, int(most.replace(",", ""))) for text in texts for name, most in row.findall(text)
    ]
    lengths = {name: each.get("MaxLength") for name, each in template["Parameters"].items()}
    assert len({name for name, _ in told}) > 1
    assert [(name, most) for name, most in told if lengths.get(name, most) != most] == []


def limits_of(parameter: dict[str, Any]) -> list[str]:
    """Return the bounds of a parameter, and its values if they are words."""
    bounds = [*(bounds_of(parameter) or ()), parameter.get("MaxLength", 1)]
    words = [each for each in parameter.get("AllowedValues", ()) if isinstance(each, str)]
    told = words if parameter.get("Default") != "false" else []
    return [f"{bound:,}" for bound in bounds if bound != 1] + [f"`{word}`" for word in told]


def test_every_variable_that_the_code_reads_is_a_setting() -> None:
    sources = [
        *(pages.ROOT / "layers" / "universal_sync_core").rglob("settings.py"),
        *(pages.ROOT / "functions" / "state_data_manager").rglob("*.py"),
    ]
    texts = [source.read_text(encoding="utf-8") for source in sources]
    read = {
        name
        for text in texts
        for name in re.findall(r"""(?:environ|env)(?:\.get\(|, )"([A-Z_]+)\"""", text)
    }
    elsewhere = {"STATE_RETENTION_DAYS", "STATE_MACHINES"}  # set by the template alone
    of_others = {name for name in read if name.startswith(("AWS_", "POWERTOOLS_"))}
    assert read - of_others - elsewhere == first_column("settings.md")


@pytest.mark.parametrize("name", sorted(Result.__annotations__))
def test_every_field_of_a_result_is_listed(name: str) -> None:
    text = (REFERENCE / "results.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| .*`{name}`", text, flags=re.MULTILINE)


def test_every_status_of_a_result_is_listed() -> None:
    text = (REFERENCE / "results.md").read_text(encoding="utf-8")
    assert [status for status in Status if f"`{status.value}`" not in text] == []


@pytest.mark.parametrize(
    "name",
    [
        "STATE_BUCKET",
        "STATE_PREFIX",
        "STATE_KMS_KEY_ID",
        "FIELD_OFFLOAD_KB",
        "STATE_OFFLOAD_KB",
        "MAX_PAYLOAD_KB",
        "HISTORY_MAX_ENTRIES",
    ],
)
def test_every_setting_of_the_environment_is_listed_and_read(name: str) -> None:
    assert name in first_column("settings.md")
    assert Settings.from_env({name: "123"}) != Settings()


def test_troubleshooting_says_of_each_error_what_to_do_and_whether_to_try_again() -> None:
    text = (pages.DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `(\w+Error)` \| .+ \| (.*) \| *(yes|no)? *\|$", text, flags=re.MULTILINE
    )
    roots = {errors.StateSyncError, errors.StoreError}
    known = {name: each for name, each in vars(errors).items() if inspect.isclass(each)}
    wanted = {
        name: "yes" if each.retryable else "no"
        for name, each in known.items()
        if issubclass(each, errors.StateSyncError) and each not in roots
    }
    assert {name: retry for name, _, retry in rows if name != "StoreError"} == wanted
    assert [name for name, does, _ in rows if not does and name != "StoreError"] == []


def test_events_of_the_pages_exist() -> None:
    texts = [
        page.read_text(encoding="utf-8") for page in pages.PAGES if page.stem != "contributing"
    ]
    named = {name for text in texts for name in re.findall(r"events/\w+\.json", text)}
    assert named
    assert all((pages.ROOT / name).is_file() for name in named)


def test_the_layout_of_the_repository_is_what_there_is() -> None:
    text = (pages.DOCS / "find-your-way.md").read_text(encoding="utf-8")
    repository, _, _ = text.partition("## The core")
    shown = set(re.findall(r"^\| `([\w./]+)` \|", repository, re.MULTILINE))
    assert [path for path in shown if not (pages.ROOT / path).exists()] == []
    tops = {path.partition("/")[0] for path in shown}
    folders = [path.name for path in pages.ROOT.iterdir() if path.is_dir()]
    assert {name for name in folders if name[0] not in "._"} <= tops


def test_readme_is_a_screen_and_a_half() -> None:
    assert len(README.splitlines()) <= MOST_LINES


def test_workers_of_the_readme_work() -> None:
    codes = re.findall(r"```python\n(.+?)```", README, flags=re.DOTALL)
    names: dict[str, Any] = {}
    for code in codes:
        exec(code, names)  # noqa: S102 - the README is ours

    bag = {"current_state": {"services": ["ec2", "s3"]}}
    assert names["worker"]({"state_data": bag}, None)["current_state"] == {"count": 2}
    event = {"report": {"pages": [{"words": 7}, {"words": 170}]}}
    assert names["handler"](event, None)["pages"] == [{"words": 170}]
