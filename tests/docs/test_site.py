"""The site builds without a warning, its reference is complete, and every link leads somewhere."""

import re
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from samcli.yamlhelper import yaml_parse

import universal_sync_core
from actions import EVERY_ACTION
from local import pytest_plugin
from tests.docs import pages
from universal_sync_core import errors
from universal_sync_core.settings import Settings

# No test asks them; a new host is a decision to make here.
HOSTS = {
    "docs.aws.amazon.com",
    "docs.temporal.io",
    "keepachangelog.com",
    "semver.org",
    "www.npmjs.com",
}
NAMED = [page.relative_to(pages.ROOT).as_posix() for page in pages.PAGES]


# What `make docs` does.
SPHINX = ("-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The built site.

    Attributes:
        status: exit code of the build.
        told: what Sphinx had to say.
        folder: with the HTML.
    """

    status: int
    told: str
    folder: Path

    def text(self, page: str) -> str:
        return (self.folder / page).read_text(encoding="utf-8")

    def described(self) -> set[str]:
        """Return the full names of everything the reference describes."""
        inventory = (self.folder / "objects.inv").read_bytes().split(b"\n", 4)[4]
        lines = zlib.decompress(inventory).decode().splitlines()
        return {line.partition(" ")[0] for line in lines if " py:" in line}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build in a process of its own: autodoc imports, and the configuration changes the path."""
    folder = tmp_path_factory.mktemp("site")
    places = ("-d", str(folder / "doctrees"), str(pages.DOCS), str(folder / "html"))
    command = [sys.executable, *SPHINX, *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return Site(status=done.returncode, told=done.stdout + done.stderr, folder=folder / "html")


def test_site_is_built_without_a_warning(site: Site) -> None:
    assert (site.status, site.told) == (0, "")


def test_make_builds_the_site_as_the_test_does() -> None:
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"$(BIN)/python {' '.join(SPHINX)} " in makefile


@pytest.mark.parametrize("page", ["index", "tutorial", "reference/actions", "howto/workers"])
def test_every_page_is_there_as_markdown_that_needs_no_site(site: Site, page: str) -> None:
    text = site.text(f"{page}.md")
    assert text.startswith("# ")
    assert "{py:" not in text


def test_what_is_made_of_the_code_is_in_the_markdown_as_well(site: Site) -> None:
    headings = set(re.findall(r"^### (\w+)$", site.text("reference/actions.md"), re.MULTILINE))
    assert headings == set(EVERY_ACTION)
    names = {name for name in vars(errors) if name.endswith("Error")}
    assert [name for name in names if name not in site.text("reference/errors.md")] == []


def test_index_for_programs_leads_to_pages_of_the_site(site: Site) -> None:
    for name in ("llms.txt", "SKILL.md"):
        targets = re.findall(r"\]\(([^)#]+)", site.text(name))
        assert [target for target in targets if not (site.folder / target).is_file()] == []


def test_every_public_name_is_in_the_reference(site: Site) -> None:
    public = {f"universal_sync_core.{name}" for name in universal_sync_core.__all__}
    assert public - site.described() == set()


def test_every_error_is_in_the_reference(site: Site) -> None:
    names = {name for name in vars(errors) if name.endswith("Error")}
    assert {f"universal_sync_core.errors.{name}" for name in names} - site.described() == set()
    assert len(names) > 10
    assert all(site.text("reference/errors.html").count(f">{name}<") for name in names)


def test_every_action_is_in_the_reference(site: Site) -> None:
    headings = set(re.findall(r"<h3>(\w+)<", site.text("reference/actions.html")))
    assert headings == set(EVERY_ACTION)


def test_every_fixture_is_in_the_reference(site: Site) -> None:
    defined = [name for name, each in vars(pytest_plugin).items() if _is_fixture(each)]
    assert {"state_bag", "local_cloud", "segment_runner"} <= set(defined)
    assert {f"local.pytest_plugin.{name}" for name in defined} - site.described() == set()


def _is_fixture(value: object) -> bool:
    return type(value).__name__ == "FixtureFunctionDefinition"  # which pytest does not export


def _rows(page: str) -> list[list[str]]:
    text = (pages.DOCS / "reference" / page).read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


@pytest.fixture(scope="module")
def template() -> Any:
    return yaml_parse((pages.ROOT / "template.yaml").read_text(encoding="utf-8"))


def test_outputs_of_the_pages_exist(template: Any) -> None:
    named = {
        name
        for page in pages.PAGES
        for name in re.findall(r"output\s+`(\w+)`", page.read_text(encoding="utf-8"))
    }
    assert {"StateBucketName", "WorkerPolicyArn"} <= named <= set(template["Outputs"])


def test_settings_of_the_reference_have_the_defaults_and_parameters_of_the_code(
    template: Any,
) -> None:
    rows = _rows("settings.md")
    defaults = {name: default for name, default, *_ in rows if default.isdecimal()}
    assert Settings.from_env(defaults) == Settings()
    function = template["Resources"]["StateDataManagerFunction"]["Properties"]
    assert set(function["Environment"]["Variables"]) <= {name for name, *_ in rows}
    parameters = {parameter for _, _, parameter, *_ in rows if parameter}
    assert parameters
    assert parameters <= set(template["Parameters"])


@pytest.mark.parametrize("name", NAMED)
def test_every_link_leads_somewhere(name: str) -> None:
    page = pages.ROOT / name
    assert [link for link in pages.links(page) if not _leads_somewhere(page, link)] == []


def _leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme == "https" and parts.hostname in HOSTS
    target = page if not parts.path else page.parent / parts.path
    if not target.exists():
        return False
    return not parts.fragment or parts.fragment in pages.anchors(target)


def test_a_link_that_leads_nowhere_is_found() -> None:
    readme = pages.ROOT / "README.md"
    broken = (
        "docs/nowhere.md",
        "#nowhere",
        "docs/formats.md#nowhere",
        "http://docs.aws.amazon.com/",
    )
    assert not any(_leads_somewhere(readme, link) for link in broken)
    sound = (
        "docs/formats.md",
        "#two-commands",
        "docs/formats.md#pages",
        "https://docs.aws.amazon.com/",
    )
    assert all(_leads_somewhere(readme, link) for link in sound)


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (pages.DOCS / "index.md").read_text(encoding="utf-8")
    tree = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", index, flags=re.DOTALL))
    listed = {line.strip() for line in tree.splitlines()}
    below = [page for page in pages.PAGES if pages.DOCS in page.parents]
    written = {page.relative_to(pages.DOCS).with_suffix("").as_posix() for page in below}
    assert written - listed == {"index"}
