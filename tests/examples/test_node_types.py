"""The types for TypeScript beside the modules in Node.js, and the package that has both."""

import json
import re

import pytest

from tests.examples.node import EXAMPLE

EXPORTED = re.compile(r"^export (?:async )?(?:function|const) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("module", ["large_payloads", "pointers"])
def test_types_are_those_of_what_a_module_exports(module: str) -> None:
    """And no others, so that TypeScript refuses what would not run."""
    exported, typed = (
        set(EXPORTED.findall((EXAMPLE / f"{module}{suffix}").read_text("utf-8")))
        for suffix in (".mjs", ".d.mts")
    )
    assert exported == typed != set()


def test_npm_can_pack_the_example() -> None:
    """Without a version it refuses to."""
    locked = json.loads((EXAMPLE / "package-lock.json").read_text("utf-8"))
    for told in (json.loads((EXAMPLE / "package.json").read_text("utf-8")), locked):
        assert (told["name"], told["version"]) == ("node-worker", "0.1.0")
