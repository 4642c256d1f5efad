"""What has happened, as a table: faults by action, forms, errors."""

from tests.simulation.counters import Counters
from tests.simulation.weather import KINDS


def render(counters: Counters) -> str:
    """Return the table in Markdown."""
    actions = sorted({*counters.steps, *(action for action, _ in counters.faults)})
    lines = [
        f"| action | steps | {' | '.join(KINDS)} |",
        f"|---|--:|{'--:|' * len(KINDS)}",
        *(_row(action, [action], counters) for action in actions),
        _row("**all**", actions, counters),
        "",
        "Forms: " + _counted(dict(counters.forms)),
        "Errors: " + _counted(dict(counters.errors)),
    ]
    totals = (counters.steps.total(), counters.attempts, counters.faults.total())
    lines.append("{:,} steps in {:,} attempts, {:,} faults".format(*totals))
    lines.append(f"{counters.steps['gc']:,} runs of gc deleted {counters.collected:,} objects")
    return "\n".join(lines)


def _row(name: str, actions: list[str], counters: Counters) -> str:
    steps = sum(counters.steps[action] for action in actions)
    cells = [sum(counters.faults[action, kind] for action in actions) for kind in KINDS]
    return f"| {name} | {steps:,} | {' | '.join(f'{cell:,}' if cell else '-' for cell in cells)} |"


def _counted(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered)
