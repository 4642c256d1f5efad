# ruff: noqa: INP001 - an extension of Sphinx, found beside conf.py
"""The parts of the reference that are not docstrings: made from the code when the site is built.

Three directives for Markdown, `{errors}`, `{actions}` and `{forms}`; and errors that a docstring
names by their bare name, which lead to where they are described.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from docutils import nodes  # type: ignore[import-untyped] # it ships without types
from pydantic import TypeAdapter
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import actions
from contract.base import StateEvent
from docs.schemas.catalogue import FORMS, answer_type, event_model
from universal_sync_core import errors

_ERRORS: Final = "universal_sync_core.errors"
_LOCAL_ERRORS: Final = "local.errors"

# Where in the tree of errors the reader finds an answer to "whose fault is it".
_FAULTS: Final = (
    (errors.InvalidRequestError, "the caller's"),
    (errors.StoredDataError, "the stored data's"),
    (errors.StoreError, "the store's"),
)


class ErrorTable(SphinxDirective):
    """Every error: what it means, whose fault it is, whether the state machine tries again."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        return self.parse_text_to_nodes(error_text())


def error_text() -> str:
    """Return the table in Markdown."""
    lines = ["| Error | Means | Whose fault | Tried again |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_error_row(error) for error in error_classes())])


def error_classes() -> list[type[errors.StateSyncError]]:
    """Return every error of the package, a root before its leaves."""
    defined = [each for each in vars(errors).values() if inspect.isclass(each)]
    return [each for each in defined if issubclass(each, errors.StateSyncError)]


def _error_row(error: type[errors.StateSyncError]) -> str:
    fault = next((whose for root, whose in _FAULTS if issubclass(error, root)), "")
    link = f"{{py:exc}}`~{_ERRORS}.{error.__name__}`"
    return f"| {link} | {_first_line(error)} | {fault} | {'yes' if error.retryable else 'no'} |"


class ActionList(SphinxDirective):
    """Every action: what it does, the fields of its event and of its answer."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each."""
        return self.parse_text_to_nodes(action_text(), allow_section_headings=True)


def action_text() -> str:
    """Return the sections in Markdown."""
    return "\n\n".join(map(_action_section, actions.EVERY_ACTION))


def _action_section(name: str) -> str:
    model = event_model(name)
    does = _first_line(getattr(actions, name))
    brings = " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())
    either = "with a bag or without" if "state_data" in model.model_fields else "without a bag"
    bag = "with a bag" if issubclass(model, StateEvent) else either
    rows = list(_rows(model.model_json_schema(), hidden=set(StateEvent.model_fields)))
    answered = list(_rows(TypeAdapter(answer_type(name)).json_schema(), hidden=set()))
    answer = answered or ["| any JSON | | |"]
    return "\n".join(
        [
            *(f"### {name}", "", does, ""),
            *(f"*Event* ([schema](../schemas/events/{name}.json)), {bag}. {brings}", ""),
            *(["| Field | JSON | |", "|---|---|---|", *rows, ""] if rows else []),
            *(f"*Answer* ([schema](../schemas/answers/{name}.json)):", ""),
            *("| Field | JSON | |", "|---|---|---|", *answer),
        ]
    )


def _rows(schema: dict[str, Any], hidden: set[str]) -> Iterator[str]:
    """Yield a row for each field of an object; an action that needs a hidden one shows it."""
    for name in _alternatives(schema):
        yield from _rows(schema["$defs"][name], hidden)
    required = set(schema.get("required", ()))
    for name, described in schema.get("properties", {}).items():
        if name in hidden and not (name == "execution_id" and name in required):
            continue
        yield f"| `{name}` | {_kind(described)} | {'' if name not in required else 'always'} |"


def _alternatives(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the objects of which an answer is one."""
    for each in schema.get("anyOf", ()):
        if "$ref" in each:
            yield each["$ref"].rpartition("/")[2]


def _kind(described: dict[str, Any]) -> str:
    """Return the kind of JSON value that a schema admits, in a word or two."""
    if "anyOf" in described:
        kinds = [_kind(each) for each in described["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds)
    if "enum" in described:
        return ", ".join(f"`{each}`" for each in described["enum"])
    if "$ref" in described:
        return "object"
    kind = str(described.get("type", "any"))
    return f"{kind} of {_kind(described['items'])}s" if described.get("items") else kind


class FormTable(SphinxDirective):
    """Every form of a value in a bag or in S3, with its schema."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        return self.parse_text_to_nodes(form_text())


def form_text() -> str:
    """Return the table in Markdown."""
    rows = [f"| {title} | [{name}](../schemas/forms/{name}.json) |" for name, title in _forms()]
    return "\n".join(["| Form | Schema |", "|---|---|", *rows])


def _forms() -> Iterator[tuple[str, str]]:
    return ((name, title) for name, (_, title) in FORMS.items())


def _first_line(described: object) -> str:
    return (inspect.getdoc(described) or "").partition("\n")[0]


def _error_by_bare_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.reference | None:
    """Return the link for an error that a docstring names without its module."""
    name, objects = node.get("reftarget", ""), env.domains.python_domain.objects
    described = objects.get(f"{_ERRORS}.{name}") or objects.get(f"{_LOCAL_ERRORS}.{name}")
    if node.get("reftype") != "exc" or described is None:
        return None
    source, target = node["refdoc"], described.docname
    return make_refnode(app.builder, source, target, described.node_id, contnode)


def _folders_are_text(app: Sphinx, doctree: nodes.document) -> None:
    """Leave the words of a link to a folder of the repository, which a site cannot show."""
    for node in list(doctree.findall(pending_xref)):
        target = node.get("reftarget", "")
        if node["reftype"] == "myst" and target and _path_from(app, node, target).is_dir():
            node.replace_self(node.children)


def _path_from(app: Sphinx, node: pending_xref, target: str) -> Path:
    return Path(app.env.relfn2path(target, node["refdoc"])[1])


def _words_are_no_type(
    _app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Keep napoleon from taking what a property says before a colon for its type."""
    if what == "property" and lines:
        lines[0] = lines[0].replace(": ", "; ", 1)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("errors", ErrorTable)
    app.add_directive("actions", ActionList)
    app.add_directive("forms", FormTable)
    app.connect("missing-reference", _error_by_bare_name)
    app.connect("doctree-read", _folders_are_text)
    app.connect("autodoc-process-docstring", _words_are_no_type, priority=400)  # napoleon's is 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
