"""The Resource of lambda:invoke in the partition that a definition names."""

import re
from typing import Final

from statebag.machines.text.nodes import Node
from statebag.machines.text.source import Source
from universal_sync_core.values.codec import JsonObject

_PARTITION: Final = re.compile(r"arn:(?:\$\{[^}]*\}|[\w-]+):states(?=:::)")
_SUB: Final = "Fn::Sub"


def invoke_in(source: Source, machine: Node) -> JsonObject | str:
    """Return the Resource that invokes a function in the partition of a machine.

    Where a template fills in the partition by Fn::Sub, it does so here.
    """
    for node in machine.walk():
        filled = node.get(_SUB)
        text = (filled or node).value
        found = _PARTITION.match(text) if isinstance(text, str) else None
        if found:
            is_filled = filled is not None or source.text.startswith("!Sub", node.start)
            invoke = f"{found[0]}:::lambda:invoke"
            return {_SUB: invoke} if is_filled and "$" in invoke else invoke
    return "arn:aws:states:::lambda:invoke"
