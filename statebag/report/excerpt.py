"""The part of a state that a page carries: its upper levels within a budget, and what is asked for.

A state may have gigabytes. Omitted parts are named, with the command that shows them.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from statebag.output.masking import Masking, masked_path
from statebag.output.rendering import preview
from statebag.paths import Steps
from statebag.sources.sources import Source
from statebag.state.tree import Part
from universal_sync_core.errors import PointerNotAllowedError, StoredDataError
from universal_sync_core.limits import KIB

if TYPE_CHECKING:
    from universal_sync_core.values.codec import Json

_MAX_PARTS: Final = 2_500
_MAX_BYTES_READ: Final = 24 * KIB * KIB
_MAX_DEPTH: Final = 10
_KEYS_SHOWN: Final = 60
_ELEMENTS_SHOWN: Final = 20
# Of a part that was asked for.
_CHOSEN_SHOWN: Final = 500
_TEXT_SHOWN: Final = 160
# As much of a text is looked at for what is secret in it.
_TEXT_MASKED: Final = 2 * KIB
_CONTAINERS: Final = ("map", "list")


@dataclass(slots=True, kw_only=True)
class Node:
    """A part, and as much of what is in it as the page carries.

    Attributes:
        number: counts the nodes of a page.
        path: where it is, as it is shown.
        label: its last step, as it is shown.
        preview: the value of a scalar, else empty.
        hidden: members that the page does not carry.
        unreadable: the error's name, where the part could not be read.
    """

    number: int
    part: Part
    path: str
    label: str
    preview: str = ""
    members: list["Node"] = field(default_factory=list)
    hidden: int = 0
    unreadable: str | None = None


def excerpt_of(source: Source, mask: Masking, chosen: Sequence[Steps] = ()) -> Node:
    """Return the root of what a page carries of a state.

    Args:
        source: the state.
        mask: what is not to be shown.
        chosen: paths of parts to carry as much as possible of.
    """
    return _Excerpt(source, mask, chosen).root()


class _Excerpt:
    """Opens parts level by level, as long as the budget lasts."""

    def __init__(self, source: Source, mask: Masking, chosen: Sequence[Steps]) -> None:
        self._tree = source.tree
        self._reader = source.reader
        self._mask = mask
        self._chosen = chosen
        self._count = 0

    def root(self) -> Node:
        root = self._node(self._tree.root)
        waiting = deque([root])
        while waiting:
            node = waiting.popleft()
            self._open(node)
            asked_for = [each for each in node.members if self._leads_to_chosen(each.part.steps)]
            waiting.extendleft(asked_for)
            waiting.extend(each for each in node.members if each not in asked_for)
        return root

    def _node(self, part: Part) -> Node:
        self._count += 1
        label = str(self._mask.masked(str(part.name)))
        path = masked_path(part.steps, self._mask)
        return Node(number=self._count, part=part, path=path, label=label)

    def _open(self, node: Node) -> None:
        part = node.part
        try:
            if part.kind in _CONTAINERS:
                self._open_container(node)
            else:
                node.preview = self._preview(part)
        except (StoredDataError, PointerNotAllowedError) as error:
            node.unreadable, node.hidden = type(error).__name__, part.count or 0

    def _open_container(self, node: Node) -> None:
        total = node.part.count or 0
        shown = min(self._shown(node.part), total)
        members = self._tree.members(node.part, 0, shown) if shown else []
        node.members = [self._node(member) for member in members]
        node.hidden = total - shown

    def _shown(self, part: Part) -> int:
        """Return how many members of a map or list are carried."""
        if any(part.steps[: len(steps)] == steps for steps in self._chosen if steps):
            return _CHOSEN_SHOWN
        read = self._reader.usage.bytes_read
        is_over = self._count >= _MAX_PARTS or read >= _MAX_BYTES_READ
        if len(part.steps) >= _MAX_DEPTH or (is_over and len(part.steps) > 1):
            return 0
        return _KEYS_SHOWN if part.kind == "map" else _ELEMENTS_SHOWN

    def _preview(self, part: Part) -> str:
        if part.kind == "value" and part.size > _TEXT_MASKED:
            return ""
        value: Json = self._tree.whole(part)
        if isinstance(value, str):
            value = value[:_TEXT_MASKED]
        return preview(self._mask.masked(value, part.steps), _TEXT_SHOWN)

    def _leads_to_chosen(self, steps: Steps) -> bool:
        return any(
            chosen[: len(steps)] == steps or steps[: len(chosen)] == chosen
            for chosen in self._chosen
            if chosen
        )
