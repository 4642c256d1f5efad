"""Terraform: the texts between `<<EOF` and `EOF`.

https://developer.hashicorp.com/terraform/language/expressions/strings#heredoc-strings
"""

import re
from collections.abc import Iterator
from typing import Final

from statebag.machines.text.nodes import Kind, Node

_OPENING: Final = re.compile(r"<<-?([^\W\d][\w-]*+)\s*$")


def parse_heredocs(text: str, *, name: str) -> Node:
    """Return the texts in a program of Terraform; what else it says is not read."""
    del name
    return Node(kind=Kind.SEQUENCE, start=0, end=len(text), items=tuple(_heredocs(text)))


def _heredocs(text: str) -> Iterator[Node]:
    opening = None
    start = begin = offset = 0
    for line in text.split("\n"):
        behind = offset + len(line) + 1
        if opening is None:
            opening = _OPENING.search(line)
            if opening:
                start, begin = offset + opening.start(), behind
        elif line.strip() == opening[1]:
            yield Node(kind=Kind.SCALAR, start=start, end=offset, value=text[begin:offset])
            opening = None
        offset = behind
