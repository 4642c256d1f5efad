"""The simulation, from the command line.

python -m tests.simulation --seeds 0-999 --steps 200   many seeds, and a table at the end
python -m tests.simulation --seed 7                    one of them, with a trace
python -m tests.simulation --shrink 7                  the steps without which it does not fail
"""

import argparse
import os
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [
    str(_ROOT / "layers" / "universal_sync_core"),
    str(_ROOT / "functions" / "state_data_manager"),
]
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Simulation")

from tests.simulation.counters import Counters  # noqa: E402 - needs the paths
from tests.simulation.running import Failure, run_seed, shrink  # noqa: E402
from tests.simulation.tables import render  # noqa: E402


def main() -> int:
    """Run what was asked for; return how many seeds failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seeds", help="a range, such as 0-999")
    what.add_argument("--seed", type=int, help="one, with a trace")
    what.add_argument("--shrink", type=int, metavar="SEED", help="drop steps while it fails")
    parser.add_argument("--steps", type=int, default=200, help="of each seed")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _tell(run_seed(asked.seed, asked.steps, trace=_say))
    if asked.shrink is not None:
        return _shrink(asked.shrink, asked.steps)
    first, _, last = asked.seeds.partition("-")
    return _run(range(int(first), int(last or first) + 1), asked.steps)


def _say(text: str) -> None:
    sys.__stdout__.write(f"{text}\n") if sys.__stdout__ else None


def _run(seeds: range, steps: int) -> int:
    counters, failed, began = Counters(), 0, time.monotonic()
    for seed in seeds:
        failed += _tell(run_seed(seed, steps, counters=counters))
    _say(render(counters))
    took = time.monotonic() - began
    _say(f"{len(seeds)} seeds, {failed} failed, {took:.0f} s")
    return min(failed, 1)


def _shrink(seed: int, steps: int) -> int:
    shrunk = shrink(seed, steps, _say)
    if shrunk is None:
        _say(f"seed {seed} does not fail")
        return 0
    failure, kept = shrunk
    others = frozenset(range(failure.step + 1)) - set(kept)
    return _tell(run_seed(seed, failure.step + 1, skipped=others, trace=_say))


def _tell(failure: Failure | None) -> int:
    if failure is None:
        return 0
    _say(f"seed {failure.seed} failed in step {failure.step}: {failure.error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
