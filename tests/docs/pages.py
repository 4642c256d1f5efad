"""The pages of the documentation as their readers meet them: code blocks, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

# GitHub's and MyST's: letters, digits, underscores and hyphens of a heading, in lower case.
_NO_SLUG = re.compile(r"[^\w\- ]")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code on a page.

    Attributes:
        language: the first word after the fence; empty for an indented block.
        label: the second word, which says what the code is part of; or empty.
        line: of the page, from 1.
    """

    page: Path
    language: str
    label: str
    text: str
    line: int

    def __str__(self) -> str:
        """Return where the block is, for the name of a test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_directive(self) -> bool:
        """Whether it is a word to Sphinx, which the building of the site obeys."""
        return self.language.startswith("{")


def blocks() -> Iterator[Block]:
    """Yield every block of code of every page."""
    for page in PAGES:
        yield from blocks_of(page)


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield every block of code of a page."""
    for token in _tokens(page):
        if token.type in {"fence", "code_block"}:
            language, _, label = token.info.strip().partition(" ")
            line = (token.map or [0])[0] + 1
            text = token.content
            yield Block(page=page, language=language, label=label, text=text, line=line)


def links(page: Path) -> list[str]:
    """Return where the links and images of a page lead to."""
    found = []
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target is not None:
                found.append(str(target))
    return found


def anchors(page: Path) -> set[str]:
    """Return the fragments that the headings of a page answer to."""
    tokens = _tokens(page)
    headings = [
        "".join(child.content for child in following.children or ())
        for token, following in pairwise(tokens)
        if token.type == "heading_open"
    ]
    return {_NO_SLUG.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def _tokens(page: Path) -> list[Token]:
    return _MARKDOWN.parse(page.read_text(encoding="utf-8"))
