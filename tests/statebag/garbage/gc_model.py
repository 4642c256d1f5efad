"""Run worlds of gc, replay one by its seed, or shrink it.

    python -m tests.statebag.garbage.gc_model --help

With --without, one of the rules that gc keeps is taken out, which some world must notice.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, Final
from unittest import mock

from statebag.executions.workflows import Observer
from statebag.garbage.deleting import Deletion
from statebag.garbage.garbage import Policy
from tests.statebag.garbage.gc_steps import Step, shrunk, steps_of
from tests.statebag.garbage.gc_world import run
from universal_sync_core.retention.standing import Standing

SEEDS: Final = 100


def _keeping_all_but(*standings: Standing) -> Any:
    reason = Policy.reason

    def without(policy: Policy, standing: Standing) -> str | None:
        return None if standing in standings else reason(policy, standing)

    return mock.patch.object(Policy, "reason", without)


# Each is a rule, and the world without it.
RULES: Final[dict[str, Callable[[], Any]]] = {
    "known for minutes": nullcontext,  # the containers are told, see `check`
    "asking again": lambda: mock.patch.object(Deletion, "_look", autospec=True),
    "undeleting": lambda: mock.patch.object(Deletion, "_undelete", autospec=True),
    "what may be redriven": lambda: _keeping_all_but(Standing.RECENT),
    "what runs": lambda: _keeping_all_but(Standing.RUNNING),
    "other machines": lambda: mock.patch.object(Observer, "_machines", _owning_machines),
    "following what is kept": lambda: mock.patch(
        "statebag.garbage.garbage.references_in", return_value=()
    ),
}


def _owning_machines(observer: Observer) -> Iterator[str]:
    return (each for each in observer._executions.machines() if each in observer._owning)


def check(steps: Sequence[Step], without: str | None = None) -> tuple[int, int]:
    """Run a world; return how often gc ran, and how many objects it deleted.

    Raises:
        AssertionError: state was lost, or garbage has stayed.
    """
    with RULES[without]() if without else nullcontext():
        world = run(steps, forgetful=without != "known for minutes")
    return world.collections, world.deleted


def failure(steps: Sequence[Step], without: str | None = None) -> AssertionError | None:
    """Return how a world fails, or None where it does not."""
    try:
        check(steps, without)
    except AssertionError as error:
        return error
    return None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="the world to run; else the first --seeds")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--shrink", action="store_true", help="show the fewest steps that fail")
    parser.add_argument("--without", choices=RULES, help="take out this rule")
    asked = parser.parse_args()
    seeds = range(asked.seeds) if asked.seed is None else [asked.seed]
    failed = collections = deleted = 0
    for seed in seeds:
        steps = steps_of(seed)
        error = failure(steps, asked.without)
        if error is None:
            ran, gone = check(steps, asked.without)
            collections, deleted = collections + ran, deleted + gone
            continue
        failed += 1
        print(f"seed {seed}: {error}")  # noqa: T201
        if asked.shrink:
            for step in shrunk(steps, lambda part: failure(part, asked.without) is not None):
                print(f"  {step}")  # noqa: T201
    print(f"{failed} of {len(seeds)} worlds failed; in the others {collections} runs of gc")  # noqa: T201
    print(f"deleted {deleted} objects")  # noqa: T201


if __name__ == "__main__":
    main()
