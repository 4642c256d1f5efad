"""What the rules of a Choice read."""

from collections.abc import Iterator
from typing import Final

from statebag.machines.text.nodes import Node
from statebag.machines.values.expressions import Expression, Word
from statebag.machines.values.templates import dynamic

# A pointer stands only for what is larger than itself: never for null, a number or a time.
_TRUE_OF_POINTERS: Final = {"IsPresent", "IsNull", "IsNumeric", "IsBoolean", "IsTimestamp"}
_OF_ANY_SIZE: Final = {"IsString"}


def rule_reads(rule: Node) -> Iterator[tuple[Expression, Word]]:
    """Yield what a rule reads and how, that of its And, Or and Not included."""
    for key in ("And", "Or"):
        for inner in rule.sequence(key):
            yield from rule_reads(inner)
    negated = rule.mapping("Not")
    if negated is not None:
        yield from rule_reads(negated)
    variable = rule.text("Variable")
    if variable is not None:
        yield dynamic(variable), _word({str(key.value) for key, _ in rule.entries})
    for name, operand in rule.entries:
        if str(name.value).endswith("Path") and isinstance(operand.value, str):
            yield dynamic(operand.value), Word.SCALAR


def _word(tests: set[str]) -> Word:
    if tests & _TRUE_OF_POINTERS:
        return Word.REACHED
    return Word.PLAIN if tests & _OF_ANY_SIZE else Word.SCALAR
