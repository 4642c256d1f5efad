"""Branches that fork again: how deeply they nest, and how many run at once.

The field `forked_from` of a branch's bag tells which bag it was forked from, and what the machine
needs to know about the groups around it: how many there are, how many branches they may run at once
in total, and how many segments an execution of the workflow may run.
"""

from typing import Final

from universal_sync_core.bag.execution_budget import LIMIT, count_around, segments_apart
from universal_sync_core.bag.fields import BRANCHES, FORKED_FROM, REVISION, is_branch
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.limits import LAMBDA_CONCURRENCY, STEP_FUNCTIONS_INLINE_CONCURRENCY
from universal_sync_core.pages.page_format import digest_mark
from universal_sync_core.settings import MOST_SEGMENTS_PER_EXECUTION
from universal_sync_core.values.codec import Json, JsonObject, canonical
from universal_sync_core.values.pointer import length

# The most groups inside each other, so that a worker that always forks again ends.
MOST_DEEP: Final = 8
_DEPTH: Final = "depth"
_AT_ONCE: Final = "at_once"
# These tell which bag it was; the rest follows from them.
_ORIGIN: Final = (REVISION, "digest")


def fork_of(parent: JsonObject) -> JsonObject:
    """Return the `forked_from` of the branches that a bag forks."""
    return {
        REVISION: parent.get(REVISION),
        "digest": digest_mark(canonical(parent)).hex(),
        _DEPTH: depth_of(parent) + 1,
        _AT_ONCE: at_once(parent) * _at_once_of(branches_of(parent)),
        LIMIT: segments_before(parent),
    }


def branches_of(parent: JsonObject) -> int:
    """Return how many branches a bag forks."""
    return length(parent.get(BRANCHES)) or 1


def require_of_fork(branch: JsonObject, fork: JsonObject) -> None:
    """Raise InvalidRequestError if a branch's bag is from another fork than this of `fork_of`."""
    theirs = branch[FORKED_FROM]
    if type(theirs) is not dict or any(theirs.get(name) != fork[name] for name in _ORIGIN):
        message = "a branch was forked from a state other than this one"
        raise InvalidRequestError(message, field="branches")


def depth_of(bag: JsonObject) -> int:
    """Return how many groups are around a bag; 0 for the workflow's own bag."""
    return count_around(bag, _DEPTH, 1) if is_branch(bag) else 0


def at_once(bag: JsonObject) -> int:
    """Return how many branches run at once in the groups around a branch; 1 for any other bag."""
    return count_around(bag, _AT_ONCE, 1)


def segments_before(parent: JsonObject) -> int:
    """Return the most segments that the execution of a group may have run before it."""
    if is_branch(parent):
        return segments_apart(parent)
    before: Json = parent.get(LIMIT)
    return before if type(before) is int and before > 0 else MOST_SEGMENTS_PER_EXECUTION


def require_nested(bag: JsonObject, branches: int, field: str) -> None:
    """Raise InvalidRequestError if a branch must not fork this many branches.

    Args:
        bag: the bag that asks for the group; only a branch's bag is checked.
        branches: of the group.
        field: the path of the branches, for the error.
    """
    if depth_of(bag) >= MOST_DEEP:
        message = f"groups of branches can be nested at most {MOST_DEEP} deep"
        raise InvalidRequestError(f"{message}: use a Distributed Map, or segments", field=field)
    most = LAMBDA_CONCURRENCY // at_once(bag)
    if is_branch(bag) and _at_once_of(branches) > most:
        message = (
            f"{branches:,} branches in each of {at_once(bag):,} that run at once are more than the"
            f" {LAMBDA_CONCURRENCY:,} functions that an account runs at once: fork at most"
            f" {most:,} here, or use a Distributed Map"
        )
        raise InvalidRequestError(message, field=field)


def _at_once_of(branches: int) -> int:
    return min(max(1, branches), STEP_FUNCTIONS_INLINE_CONCURRENCY)
