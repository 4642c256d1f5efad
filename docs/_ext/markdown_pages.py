# ruff: noqa: INP001 - an extension of Sphinx, found beside conf.py
"""The pages of the site as Markdown beside their HTML, for readers that are programs.

What a directive makes of the code stands in them as its text, and a role as the name it shows.
`llms.txt` and `SKILL.md` of the repository come along.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reference_tables import action_text, error_text, form_text
from sphinx.application import Sphinx

_TEXTS: Final[dict[str, Callable[[], str]]] = {
    "actions": action_text,
    "errors": error_text,
    "forms": form_text,
}
_DIRECTIVE: Final = re.compile(r"^```\{(actions|errors|forms)\}\n```$", re.MULTILINE)
_ROLE: Final = re.compile(r"\{[\w:]+\}`~?(?:[\w.]+\.)?(\w+)`")
_FOR_AGENTS: Final = ("llms.txt", "SKILL.md")


def plain_page(text: str) -> str:
    """Return a page without what only Sphinx understands, as far as it is text."""
    filled = _DIRECTIVE.sub(lambda found: _TEXTS[found[1]](), text)
    return _ROLE.sub(r"`\1`", filled)


def _write(app: Sphinx, failed: Exception | None) -> None:
    if failed or app.builder.format != "html":
        return
    source, site = Path(app.srcdir), Path(app.outdir)
    for name in app.env.found_docs:
        page = (source / name).with_suffix(".md")
        (site / name).with_suffix(".md").write_text(plain_page(page.read_text("utf-8")), "utf-8")
    for name in _FOR_AGENTS:
        text = (source.parent / name).read_text("utf-8")
        (site / name).write_text(
            text.replace("](docs/", "](").replace("](README.md)", "](index.md)"), "utf-8"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of it."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
