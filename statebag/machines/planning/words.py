"""The three words of an offload: what stays open, a plain list, or plain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from statebag.machines.values.expressions import Word
from statebag.machines.values.paths import ANY_NAME, DOCUMENT, Path, render_path
from universal_sync_core.values.codec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Paths of a document by what later states need there.

    Attributes:
        open: containers whose children may be pointers.
        list: plain lists whose elements may be pointers.
        plain: values that are plain to the bottom.
    """

    open: tuple[str, ...] = ()
    list: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return those that name a path, as the action takes them."""
        named = {"open": self.open, "list": self.list, "plain": self.plain}
        return {word: [*paths] for word, paths in named.items() if paths}


def words_of(needs: Mapping[Path, Word]) -> Words:
    """Return the words for what is needed; the ancestors of a path are open by themselves."""
    plain = {path for path, word in needs.items() if word >= Word.SCALAR}
    listed = {path for path, word in needs.items() if word is Word.LIST}
    opened = {path for path, word in needs.items() if word is Word.OPEN}
    # What holds a value that is only moved has to be there; the value itself may be a pointer.
    opened |= {path[:-1] for path, word in needs.items() if word is Word.REACHED and path}
    named = plain | listed | opened
    kept = {path for path in opened - listed if not _is_implied(path, named)}
    kept = {path for path in kept if path[-1:] != (ANY_NAME,) or not _is_named_beside(path, named)}
    return Words(open=_rendered(kept), list=_rendered(listed), plain=_rendered(plain))


def _is_named_beside(path: Path, others: Iterable[Path]) -> bool:
    """Tell whether another name beside that of a path keeps the elements of a list open."""
    above, last = path[:-1], len(path) - 1
    beside = (other for other in others if other[:last] == above and len(other) > last)
    return any(isinstance(other[last], str) and other[last] != path[last] for other in beside)


def _is_implied(path: Path, others: Iterable[Path]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in others)


def _rendered(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(sorted(render_path(path) or DOCUMENT for path in paths))
