"""What the rules of a Choice read."""

from collections.abc import Iterator
from typing import Final

from statebag.machines.text.nodes import Node
from statebag.machines.values.expressions import Read, Word
from statebag.machines.values.paths import UnreadablePathError, parse_path

_TESTS_OF_PRESENCE: Final = {"IsPresent"}


def rule_reads(rule: Node) -> Iterator[Read]:
    """Yield the paths that a rule reads, those of its And, Or and Not included."""
    for key in ("And", "Or"):
        for inner in rule.sequence(key):
            yield from rule_reads(inner)
    negated = rule.mapping("Not")
    if negated is not None:
        yield from rule_reads(negated)
    variable = rule.text("Variable")
    if variable is not None:
        tests = {str(key.value) for key, _ in rule.entries}
        yield from _read(variable, Word.REACHED if tests & _TESTS_OF_PRESENCE else Word.SCALAR)
    for name, operand in rule.entries:
        if str(name.value).endswith("Path") and isinstance(operand.value, str):
            yield from _read(operand.value, Word.SCALAR)


def _read(text: str, word: Word) -> Iterator[Read]:
    try:
        access = parse_path(text)
    except UnreadablePathError:
        return
    yield Read(access.path, word if access.is_one else Word.PLAIN)
