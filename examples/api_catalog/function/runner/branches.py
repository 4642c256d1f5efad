"""The branches that rank and compare: each has its own steps, and they run in parallel.

A step takes the branch's state, and returns what it adds to `current_state.rankings.<branch>`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from statistics import median
from typing import Any

from universal_sync_core import plain

Json = dict[str, Any]
State = Mapping[str, Any]

TOP = 25
READING_VERBS = ("Describe", "Get", "List")


def most_operations(state: State) -> Json:
    """Rank the services by their operations."""
    return {"most": _top(_column(state, "operations"))}


def operations_spread(state: State) -> Json:
    """Return how far apart the services are in their numbers of operations."""
    counts = _column(state, "operations").values()
    return {"spread": {"least": min(counts), "median": median(counts), "most": max(counts)}}


def most_words(state: State) -> Json:
    """Rank the services by their words of documentation."""
    return {"most": _top(_column(state, "documentation_words"))}


def words_per_operation(state: State) -> Json:
    """Rank the services by their words of documentation per operation."""
    words, operations = _column(state, "documentation_words"), _column(state, "operations")
    return {"per_operation": _top({name: round(words[name] / operations[name]) for name in words})}


def longest_texts(state: State) -> Json:
    """Rank the longest documentation of an operation, one per service."""
    longest = _column(state, "longest_documentation")
    return {
        "longest": _top({f"{name}.{text['name']}": text["words"] for name, text in longest.items()})
    }


def shared_names(state: State) -> Json:
    """Count the services behind every structure name that more than one of them uses."""
    counts = Counter(name for names in _structures(state).values() for name in names)
    return {"shared": {name: count for name, count in sorted(counts.items()) if count > 1}}


def most_shared_names(state: State) -> Json:
    """Rank the shared names, which the previous step may have left in S3."""
    return {"most_shared": _top(state["current_state"]["rankings"]["shapes"]["shared"])}


def services_alike(state: State) -> Json:
    """Rank the pairs of services by the structure names they have in common."""
    pairs = combinations(sorted(_structures(state).items()), 2)
    return {
        "alike": _top(
            {
                f"{one}, {other}": len(set(names) & set(other_names))
                for (one, names), (other, other_names) in pairs
            }
        )
    }


def verbs(state: State) -> Json:
    """Count the verbs that operations begin with."""
    return {"verbs": dict(sorted(_verb_counts(state).items()))}


def reading_styles(state: State) -> Json:
    """Count the services by the verb that most of their reading operations begin with."""
    styles = Counter(
        max(READING_VERBS, key=lambda verb: counts.get(verb, 0))
        for counts in _column(state, "verbs").values()
        if any(verb in counts for verb in READING_VERBS)
    )
    return {"reading_styles": dict(sorted(styles.items()))}


def lone_verbs(state: State) -> Json:
    """Find the verbs that only one service uses."""
    users = Counter(verb for counts in _column(state, "verbs").values() for verb in counts)
    return {
        "lone_verbs": {
            verb: name
            for name, counts in sorted(_column(state, "verbs").items())
            for verb in counts
            if users[verb] == 1
        }
    }


def untaggable(state: State) -> Json:
    """List the services that have no operation of their own to tag resources."""
    columns = _column(state, "verbs")
    return {"untaggable": sorted(name for name, counts in columns.items() if "Tag" not in counts)}


BRANCHES: Mapping[str, tuple[Callable[[State], Json], ...]] = {
    "operations": (most_operations, operations_spread),
    "words": (most_words, words_per_operation, longest_texts),
    "shapes": (shared_names, most_shared_names, services_alike),
    "naming": (verbs, reading_styles, lone_verbs, untaggable),
}


def pending_branches() -> list[Json]:
    """Return the branches in the form for the state machine."""
    return [{"branch_id": name, "total_segments": len(steps)} for name, steps in BRANCHES.items()]


def run_branch_segment(state: State) -> Json:
    """Run the next step of the branch with this state."""
    name, number = state["branch"]["branch_id"], state["segment_to_run"]
    steps = BRANCHES[name]
    step = steps[number]
    return {
        "status": "COMPLETE" if step is steps[-1] else "CONTINUE",
        "current_state": {"rankings": {name: step(state)}},
        "state_history": [{"branch": name, "step": step.__name__}],
    }


def _column(state: State, field: str) -> Json:
    catalog = state["current_state"]["catalog"]
    return {service: entry[field] for service, entry in catalog.items()}


def _structures(state: State) -> dict[str, list[str]]:
    return {
        entry["service"]: plain(entry["shapes"]["structures"])
        for entry in state["distributed_outputs"]
    }


def _verb_counts(state: State) -> Counter[str]:
    total: Counter[str] = Counter()
    for counts in _column(state, "verbs").values():
        total.update(counts)
    return total


def _top(values: Mapping[str, int]) -> list[Json]:
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "count": count} for name, count in ranked[:TOP]]
