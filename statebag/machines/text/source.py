"""A file that has state machines in it: alone, or inside a template."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from statebag.errors import NotFoundError, RefusedError
from statebag.machines.text.json_text import parse_json
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.yaml_text import parse_yaml

_HINT: Final = "Give a file of Amazon States Language in JSON or YAML, or a state machine's ARN."
_CODE: Final = {
    ".cjs", ".cs", ".go", ".hcl", ".java", ".js", ".kt", ".mjs", ".mts", ".py", ".rb", ".rs", ".tf",
    ".ts", ".tsx",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text and the definitions in it.

    Attributes:
        name: for messages.
        text: as it was read.
        encoding: of the file.
        is_yaml: whether it is YAML.
        machines: the definitions, in the order of the text.
        unread: what to say of definitions beside them that are not read.
    """

    name: str
    text: str
    encoding: str
    is_yaml: bool
    machines: tuple[Node, ...]
    unread: tuple[str, ...] = ()

    def line_of(self, node: Node) -> int:
        """Return the line on which a node begins, from 1."""
        return self.text.count("\n", 0, node.start) + 1


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
    is_yaml = file.suffix in {".yaml", ".yml"}
    return read_text(text, name=str(file), is_yaml=is_yaml, encoding=encoding)


def read_text(text: str, *, name: str, is_yaml: bool = False, encoding: str = "utf-8") -> Source:
    """Return the definitions of a text.

    Raises:
        RefusedError: it has none, or is neither JSON nor YAML.
    """
    is_json = not is_yaml and text.lstrip().startswith(("{", "["))
    root = parse_json(text, name=name) if is_json else parse_yaml(text, name=name)
    machines = tuple(_definitions(root))
    quoted = [
        f"{name}, line {text.count(chr(10), 0, node.start) + 1}: the definition is text in a string"
        for node in _quoted_definitions(root)
    ]
    if not machines and quoted:
        raise RefusedError(quoted[0], hint=_QUOTED)
    if not machines:
        raise RefusedError(f"{name} contains no state machine (no StartAt and States)", hint=_HINT)
    return Source(
        name=name,
        text=text,
        encoding=encoding,
        is_yaml=not is_json,
        machines=machines,
        unread=tuple(f"{said}, and is not read. {_QUOTED}" for said in quoted),
    )


def _quoted_definitions(root: Node) -> Iterator[Node]:
    """Yield the texts outside the definitions that have the fields of one in them."""
    for node in _outside(root):
        if isinstance(node.value, str) and "StartAt" in node.value:
            yield node


def _definitions(root: Node) -> Iterator[Node]:
    """Yield the outermost mappings that have StartAt and States."""
    return (node for node in _outside(root) if _is_definition(node))


def _outside(root: Node) -> Iterator[Node]:
    """Yield the nodes of a text with its definitions, and nothing inside these."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if not _is_definition(node):
            pending.extend(value for _, value in reversed(node.entries))
            pending.extend(reversed(node.items))


def _is_definition(node: Node) -> bool:
    return node.kind is Kind.MAPPING and "StartAt" in node and "States" in node
