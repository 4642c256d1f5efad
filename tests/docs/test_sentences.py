"""Pages say for whom they are and what to read next; no text has a form that readers trip over."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.docs import pages, texts

PAGES = [
    *pages.PAGES,
    pages.ROOT / "layers" / "universal_sync_core" / "README.md",
    *sorted((pages.ROOT / "examples").rglob("README.md")),
]
Reader: TypeAlias = Callable[[], Iterator[tuple[str, str]]]
HOW_TO = sorted((pages.DOCS / "howto").glob("*.md"))
# The index leads everywhere, and the actions end with what is made of the code.
ENDING = [
    page
    for page in sorted(pages.DOCS.rglob("*.md"))
    if page.stem not in {"index", "actions", "contributing"}
]

_NO_SUBJECT = (
    r"(?:^|[.;:] )[Ww]hat (?:is|was|are|were|has|had|stands|only|merely|they|it) [^.:;?]*"
    r"\b(?:is|are|was|were|goes|go|leaves|stays|has|costs|counts|lands)\b[^.?]*\."
)

# A form that a reader stumbles over, and a sentence of that form.
FORMS: dict[str, tuple[str, str]] = {
    "is no noun": (
        r"(?<![Tt]here )\b(?:is|are|was|were|be) no (?!longer|larger|more\b|less\b|later\b)\w",
        "A text that is no JSON is refused.",
    ),
    "a clause without a subject": (_NO_SUBJECT, "What is large goes to S3."),
    "a verb without its object": (
        r"\bno (?:state|one|test) can catch\b",
        "ends no state can catch",
    ),
    "without its knowing": (r"without (?:its|their|your) knowing", "without its knowing"),
    "so many": (r"\b(?:newest|first|last|of|with|these|after|over) so many\b", "of so many bytes"),
    "in the place of": (r"\bin the place of\b", "a pointer in the place of a value"),
    "of ours": (r"\bof (?:ours|theirs)\b", "a form of ours"),
    "for ever": (r"\bfor ever\b", "waits for ever"),
    "but for": (r"\ball (?:of \w+ )?but for\b|\btests, but for\b", "the tests, but for those"),
    "makes of it": (r"\bmakes? of (?:it|them)\b", "what the stack makes of it"),
    "and its kin": (r"\band its kin\b", "this error and its kin"),
    "read that is not shown": (r"\bis (?:read|written) that is not\b", "is read that is not shown"),
    "as it is": (r"\bwhy it is as it is\b", "You wonder why it is as it is:"),
    "nothing is said": (r"\bif nothing is said\b", "none if nothing is said"),
    "that is none": (r"\b(?:that|which|it) (?:is|are) none\b(?! of)", "a value that is none"),
    "where there is none": (
        r"\bwhere (?:there|it|that) (?:is|are) none\b|\bwhere none (?:is|are)\b",
        "empty where there is none",
    ),
    "the same of": (r"\b[Tt]he same of\b", "Return the same of a list"),
    "errors as of": (r"\berrors as (?:of|in)\b", "errors as of `ingest`"),
    "taken as it is": (
        r"\btaken as (?:it is|they are)\b",
        "a value that is not taken as it is",
    ),
    "of its kind": (r"\b(?:not|is|are) of (?:its|their) kind\b", "a field is not of its kind"),
    "small letters": (r"\bsmall letters\b", "a name in small letters"),
    "lets go of": (r"\blet(?:s|ting)? go of\b", "a branch that lets go of a key"),
    "waits no longer": (r"\bwaits? no longer\b", "the state waits no longer"),
    "what is large": (
        r"\b(?:stor|offload|send|delet|merg|keep|read|answer)e?s? what (?:is|was)\b",
        "stores what is large",
    ),
    "anew": (r"\banew\b", "The machine starts itself anew."),
    "for they": (r", for (?:they|it|he|nobody)\b", "erased together, for they share one state"),
    "takes away": (
        r"\b(?:take|takes|taken|takes it) away\b",
        "merging takes nothing away, or is taken away",
    ),
    "it is told": (
        r"\bit is (?:only )?told\b|\bis told so\b|\btells? of\b",
        "it is only told which",
    ),
}
# Docstrings beside the deployed code may still have these.
_OF_DEPLOYED = {"that is none", "where there is none", "the same of", "taken as it is"}


def paragraphs(text: str) -> Iterator[str]:
    """Yield the prose of a page without its code: each paragraph, and each cell of a table."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for block in re.split(r"\n\s*\n", without):
        lines = [line.strip() for line in block.splitlines() if not line.startswith("    ")]
        if lines and lines[0].startswith("|"):
            yield from (cell.strip() for line in lines for cell in line.split("|") if cell.strip())
        elif lines and not lines[0].startswith(("#", "<!--")):
            yield " ".join(lines)


def has_form(form: str, paragraph: str) -> list[str]:
    """Return what of a paragraph has the form."""
    return [found[0] for found in re.finditer(FORMS[form][0], paragraph)]


def forms_of(paragraph: str) -> list[str]:
    """Return what of a paragraph has any form."""
    return [found for form in FORMS for found in has_form(form, paragraph)]


def stumbling(form: str, text: str) -> list[str]:
    """Return what of a page has the form."""
    return [found for each in paragraphs(text) for found in has_form(form, each)]


@pytest.mark.parametrize("form", FORMS)
def test_no_page_has_the_form(form: str) -> None:
    found = {
        page.relative_to(pages.ROOT).as_posix(): sentences
        for page in PAGES
        if (sentences := stumbling(form, page.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "read",
    [
        texts.help_of_commands,
        texts.help_of_make,
        texts.descriptions,
        texts.messages,
        texts.comments,
    ],
    ids=lambda read: read.__name__,
)
def test_no_help_no_description_no_message_and_no_comment_has_a_form(read: Reader) -> None:
    told = list(read())
    assert len(told) > 10
    assert [(place, found) for place, text in told for found in forms_of(text)] == []


def test_no_docstring_has_a_form() -> None:
    # "what it is: ..." is the way in which attributes and arguments are described.
    forms = FORMS.keys() - {"a clause without a subject"}
    told = texts.docstrings()
    assert [
        (place, found)
        for place, text in told
        for form in forms - (set() if place.startswith(texts.DEPLOYED) else _OF_DEPLOYED)
        for found in has_form(form, text)
    ] == []


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_found_where_it_is(form: str) -> None:
    assert stumbling(form, f"# Title\n\nBefore. {FORMS[form][1]}\n")


@pytest.mark.parametrize(
    "sentence",
    [
        "There is no need to wait.",
        "It is no longer there.",
        "What is it for?",
        "This says what is large and stays inline.",
        "Large values are stored in S3 and loaded from it transparently.",
    ],
)
def test_plain_sentences_are_left_alone(sentence: str) -> None:
    assert [form for form in FORMS if stumbling(form, sentence)] == []


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_how_to_begins_with_whom_it_is_for(page: Path) -> None:
    _, _, first, *_ = page.read_text("utf-8").splitlines()
    assert first.startswith("*For you ")


@pytest.mark.parametrize("page", ENDING, ids=lambda page: page.stem)
def test_page_ends_with_what_to_read_next(page: Path) -> None:
    _, found, last = page.read_text("utf-8").rpartition("\n## Read next\n")
    assert found
    assert "\n#" not in last
    assert re.search(r"\]\([^)]+\.md", last)
