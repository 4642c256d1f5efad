"""A file that has state machines in it: alone, inside a template, or in a program of Terraform."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from statebag.errors import NotFoundError, RefusedError
from statebag.machines.text.heredocs import parse_heredocs
from statebag.machines.text.json_text import parse_json
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.quoting import Quoted, quoted, said_by
from statebag.machines.text.yaml_text import parse_yaml

_HINT: Final = "Give a file of Amazon States Language in JSON or YAML, or a state machine's ARN."
_CODE: Final = {
    ".cjs", ".cs", ".go", ".hcl", ".java", ".js", ".kt", ".mjs", ".mts", ".py", ".rb", ".rs", ".ts",
    ".tsx",
}  # fmt: skip
_CODE_HINT: Final = (
    "Give the definition that it makes: `cdk synth` or `terraform show -json` writes it,"
    " and an ARN names the deployed one."
)

_QUOTED: Final = (
    "Write it as an object under Definition, with its substitutions in DefinitionSubstitutions, or"
    " put it into a file of its own, which DefinitionUri or DefinitionS3Location names, or give the"
    " ARN of the deployed state machine."
)


class Parse(Protocol):
    """Returns the value of a text, or raises RefusedError."""

    def __call__(self, text: str, *, name: str) -> Node: ...  # noqa: D102 - as above


_LANGUAGES: Final[Mapping[str, Parse]] = {
    ".tf": parse_heredocs,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text and the definitions in it.

    Attributes:
        name: for messages.
        text: as it was read.
        encoding: of the file.
        parse: reads its language.
        machines: the definitions, in the order of the text.
        inner: the texts in strings that have definitions.
        unread: what to say of definitions beside them that are not read.
        place: where in the text around it, and how it is written there; None of a file.
        first_line: of the file, on which it begins.
    """

    name: str
    text: str
    encoding: str
    parse: Parse
    machines: tuple[Node, ...]
    inner: "tuple[Source, ...]" = ()
    unread: tuple[str, ...] = ()
    place: Quoted | None = None
    first_line: int = 1

    @property
    def is_yaml(self) -> bool:
        """Whether it is YAML."""
        return self.parse is parse_yaml

    def texts(self) -> Iterator["Source"]:
        """Yield this text and all inside it."""
        yield self
        for inner in self.inner:
            yield from inner.texts()

    def line_of(self, node: Node) -> int:
        """Return the line on which a node begins, from 1."""
        before = self.text[: node.start]
        return (self.place.write(before) if self.place else before).count("\n") + self.first_line


def read_file(file: Path) -> Source:
    """Return the definitions of a file.

    Raises:
        NotFoundError: there is no such file.
        RefusedError: it has no definition that can be read.
    """
    if file.suffix in _CODE:
        raise RefusedError(f"{file} is a program, not a definition", hint=_CODE_HINT)
    try:
        body = file.read_bytes()
        encoding = "utf-8-sig" if body.startswith(BOM_UTF8) else "utf-8"
        text = body.decode(encoding)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {file}", hint=_HINT) from error
    except OSError as error:
        raise RefusedError(f"{file}: {error.strerror}", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{file} cannot be read as UTF-8 text", hint=_HINT) from error
    parse = _LANGUAGES.get(file.suffix)
    return read_text(text, name=str(file), parse=parse, encoding=encoding)


def read_text(
    text: str, *, name: str, parse: Parse | None = None, encoding: str = "utf-8"
) -> Source:
    """Return the definitions of a text.

    Args:
        text: the text.
        name: for messages.
        parse: reads its language; by default, JSON or YAML as it begins.
        encoding: of the file.

    Raises:
        RefusedError: it has none, or is not of its language.
    """
    if parse is None:
        parse = parse_json if text.lstrip().startswith(("{", "[")) else parse_yaml
    root = parse(text, name=name)
    machines = tuple(node for node in _outside(root) if _is_definition(node))
    inner, unread = _inside(text, root, name)
    is_program = parse is parse_heredocs
    cure = _CODE_HINT if is_program else _QUOTED
    if not machines and not inner and unread:
        raise RefusedError(unread[0], hint=cure)
    if not machines and not inner and is_program:
        raise RefusedError(f"{name} contains no state machine in a heredoc", hint=cure)
    if not machines and not inner:
        raise RefusedError(f"{name} contains no state machine (no StartAt and States)", hint=_HINT)
    return Source(
        name=name,
        text=text,
        encoding=encoding,
        parse=parse,
        machines=machines,
        inner=inner,
        unread=tuple(f"{said}. {cure}" for said in unread),
    )


def _inside(text: str, root: Node, name: str) -> tuple[tuple[Source, ...], list[str]]:
    """Return the texts in strings that have definitions, and what to say of those not read."""
    inner: dict[int, Source] = {}
    unread: dict[int, str] = {}
    for node in _outside(root):
        if "StartAt" not in said_by(node) or node.start in inner:
            continue  # or an alias repeats it
        line = text.count("\n", 0, node.start) + 1
        try:
            inner[node.start] = _read_inside(text, node, name, line)
        except RefusedError as error:
            where = f"{name}, line {line}"
            unread[node.start] = (
                f"{where}: the definition is text in a string, and is not read: {error}"
            )
    return tuple(inner.values()), list(unread.values())


def _read_inside(text: str, node: Node, name: str, line: int) -> Source:
    place = quoted(text, node)
    if not said_by(node).lstrip().startswith("{"):
        raise RefusedError("it is not valid JSON", hint=_QUOTED)
    if place is None:
        raise RefusedError("it is written in a way that could not be restored", hint=_QUOTED)
    found = read_text(place.text, name="it")
    first_line = line + text.count("\n", node.start, place.start)
    return replace(found, name=name, place=place, first_line=first_line)


def _outside(root: Node) -> Iterator[Node]:
    """Yield the nodes of a text with its definitions, and nothing inside these."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if not _is_definition(node) and not said_by(node):
            pending.extend(value for _, value in reversed(node.entries))
            pending.extend(reversed(node.items))


def _is_definition(node: Node) -> bool:
    return node.kind is Kind.MAPPING and "StartAt" in node and "States" in node
