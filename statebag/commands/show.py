"""`statebag show`: a state as a tree, with the size of each part and where it lives."""

from dataclasses import dataclass
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.options import as_json, with_cloud, with_masking
from statebag.output.masking import Masking, masked_path
from statebag.output.rendering import bytes_text, digest_text, preview
from statebag.output.terminal import (
    BAD,
    DIM,
    NAME,
    STRONG,
    Styled,
    note,
    print_json,
    print_line,
    print_table,
    styled,
)
from statebag.paths import parse_path
from statebag.sources.failures import headline_of, where_to_look
from statebag.sources.sources import SOURCE_HELP, Source, open_source
from statebag.state.tree import Part, Place, Tree
from universal_sync_core.values.codec import Json, JsonObject, encode

_DEFAULT_DEPTH: Final = 2
_DEFAULT_LIMIT: Final = 20
_SCALARS: Final = ("text", "number", "boolean", "null")
_RANGE_PARTS: Final = 2


@click.command(
    help=f"""Show a state as a tree: its parts, how large they are, and where they are stored.

{SOURCE_HELP}

Only what is shown is read. A part in S3 is opened only with --path or --open, and then only the
pages of the members in --range.

\b
Examples:
  statebag show ARN
  statebag show ARN --path current_state.report.sections[3]
  statebag show ARN --path distributed_outputs --range 500:510
  statebag show ARN --path current_state.report --json --hydrate | jq .title
  aws stepfunctions describe-execution ... --query output --output text | statebag show -
"""
)
@click.argument("source")
@click.option("--path", "path_text", default="", help="Show only the part at this path, opened.")
@click.option(
    "--depth",
    default=_DEFAULT_DEPTH,
    show_default=True,
    type=click.IntRange(0),
    help="Levels to show.",
)
@click.option("--range", "range_text", metavar="START:STOP", help="Members of the part to show.")
@click.option("--open", "opens", is_flag=True, help="Open parts in S3 at every level shown.")
@click.option("--hydrate", is_flag=True, help="With --json: replace pointers by their values.")
@click.option(
    "--sizes", is_flag=True, help="With --json: print the tree of sizes instead of the value."
)
@as_json
@with_masking
@with_cloud
def command(  # noqa: PLR0913 - options
    cloud: Cloud,
    source: str,
    path_text: str,
    depth: int,
    range_text: str | None,
    *,
    opens: bool,
    hydrate: bool,
    sizes: bool,
    to_json: bool,
    mask: Masking,
) -> None:
    """Show a state."""
    steps, members = parse_path(path_text, "--path"), _range(range_text)
    opened = open_source(cloud, source)
    part = opened.tree.at(steps)
    if to_json and not sizes:
        value = _value(opened.tree, part, members, hydrate=hydrate)
        print_json(mask.masked(value, steps))
        return
    view = View(tree=opened.tree, mask=mask, depth=depth, members=members, opens=opens)
    if to_json:
        print_json(view.describe(part, depth))
        return
    _print_title(opened, part, mask)
    print_table(("part", "size", "where", ""), view.rows(part), right=("size",))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which parts of a tree are shown.

    Attributes:
        depth: levels below the part asked for.
        members: positions of its members; None for the first twenty of each part.
        opens: whether what S3 holds is opened below it, too.
    """

    tree: Tree
    mask: Masking
    depth: int = _DEFAULT_DEPTH
    members: range | None = None
    opens: bool = False

    def rows(self, part: Part) -> list[list[str | Styled]]:
        """Return the rows of the table."""
        if part.kind in _SCALARS or (part.kind == "value" and part.count is None):
            return [self._row(part, "", self.tree.whole(part))]
        return self._below(part, "", self.depth, self.members)

    def describe(self, part: Part, depth: int) -> JsonObject:
        """Return the tree of sizes as JSON."""
        told = part.describe() | {"path": masked_path(part.steps, self.mask)}
        if part.preview is not None:
            told["preview"] = self.mask.masked(part.preview, part.steps)
        is_top = depth == self.depth
        if depth > 0 and (is_top or self._shows_inside(part)) and part.count is not None:
            members = self._members(part, self.members if is_top else None)
            told["members"] = [self.describe(member, depth - 1) for member in members]
        return told

    def _below(
        self, part: Part, indent: str, depth: int, wanted: range | None = None
    ) -> list[list[str | Styled]]:
        shown = self._members(part, wanted)
        total = part.count or 0
        rows: list[list[str | Styled]] = []
        start = (wanted or range(0)).start
        rest = total - start - len(shown)
        if start:
            rows.append([styled((f"{indent}… {start:,} before", DIM)), "", "", ""])
        for position, member in enumerate(shown):
            is_last = position + 1 == len(shown) and rest <= 0
            rows.append(self._row(member, indent + ("└─ " if is_last else "├─ ")))
            if depth > 1 and self._shows_inside(member):
                deeper = indent + ("   " if is_last else "│  ")
                rows += self._below(member, deeper, depth - 1)
        if rest > 0:
            rows.append([styled((f"{indent}└─ … {rest:,} more", DIM)), "", "", ""])
        return rows

    def _members(self, part: Part, wanted: range | None) -> list[Part]:
        chosen = wanted or range(_DEFAULT_LIMIT)
        return self.tree.members(part, chosen.start, min(chosen.stop, part.count or 0))

    def _shows_inside(self, part: Part) -> bool:
        return part.kind in ("map", "list") and (self.opens or part.is_open)

    def _row(self, part: Part, branch: str, value: Json = None) -> list[str | Styled]:
        name = f"[{part.name}]" if isinstance(part.name, int) else str(self.mask.masked(part.name))
        label = styled((branch, DIM), (name or masked_path(part.steps, self.mask), NAME))
        return [label, bytes_text(part.size), _where(part), self._content(part, value)]

    def _content(self, part: Part, value: Json) -> Styled:
        if part.kind in ("map", "list"):
            noun = "key" if part.kind == "map" else "element"
            noun = noun if part.count == 1 else f"{noun}s"
            sampled = "; the bag shows a sample" if part.is_sampled else ""
            shown = self._preview(part)
            return styled((f"{part.kind} of {part.count:,} {noun}{sampled}{shown}", DIM))
        shown = part.value if part.kind in _SCALARS and part.is_open else value
        if part.kind == "value" and value is None:
            return styled((f"value in S3; --path opens it{self._preview(part)}", DIM))
        return styled(preview(self.mask.beginning(shown, part.steps)))

    def _preview(self, part: Part) -> str:
        """Return what the bag shows of a part beside its pointer, on the same line."""
        if part.preview is None:
            return ""
        return f"; {preview(self.mask.masked(part.preview, part.steps))}"


def _print_title(opened: Source, part: Part, mask: Masking) -> None:
    tree_size = bytes_text(len(encode(opened.value)))
    print_line(opened.title, STRONG)
    if opened.execution is not None:
        print_line(f"{opened.execution.status}; the state takes {tree_size} of 256 KiB", DIM)
        headline = headline_of(opened.execution, mask)
        if headline:
            print_line(headline, BAD)
            note(where_to_look(opened.execution))
    if part.steps:
        print_line(
            f"{masked_path(part.steps, mask)}: {part.kind}, {bytes_text(part.size)}, {_where(part)}"
        )


def _where(part: Part) -> str:
    if part.place is Place.S3:
        return f"S3 {digest_text(part.s3_path)}"
    return part.place.value


def _value(tree: Tree, part: Part, members: range | None, *, hydrate: bool) -> Json:
    """Return what --json prints: the value, a range of it, or all it points to."""
    if members is None and (hydrate or part.kind == "value"):
        return tree.whole(part)
    if members is None and (part.is_open or not part.steps):
        return part.value
    chosen = members or range(part.count or 0)
    found = tree.members(part, chosen.start, chosen.stop)
    values = [tree.whole(each) if hydrate else each.value for each in found]
    if part.kind == "list":
        return values
    return {str(each.name): value for each, value in zip(found, values, strict=True)}


def _range(text: str | None) -> range | None:
    if text is None:
        return None
    parts = text.split(":")
    if len(parts) != _RANGE_PARTS or not all(part.isdecimal() or not part for part in parts):
        raise click.BadParameter("a range is START:STOP, such as 500:510", param_hint="--range")
    start = int(parts[0] or 0)
    stop = int(parts[1]) if parts[1] else start + _DEFAULT_LIMIT
    if start >= stop:
        message = f"{text} is an empty range: START must be less than STOP"
        raise click.BadParameter(message, param_hint="--range")
    return range(start, stop)
