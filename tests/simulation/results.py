"""What workers, items and people answer."""

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Final

from tests.simulation import values
from tests.simulation.comparing import Plain
from tests.simulation.merging import STATE

_REMOVED: Final = ("report", "report.flag", "text", "wide", "rows", "other", "report.text", "items")
_PREVIEWED: Final = ("report", "report.text", "report.rows", "rows", "wide", "text", "items", "any")
_TOP_LEVEL: Final = ("tags", "log", "feed", "items", "report", "text", "rows", "wide", "count")
# Fields with names that the product uses for forms of its own.
_NAMESAKES: Final = ("chunk_results_s3_path", "state_history_archive", "scheduling_summary")


def result(draw: Random, *, of_branch: bool = False) -> Any:
    """Return what a worker may answer.

    Args:
        draw: decides.
        of_branch: its values have kinds on which branches can meet.
    """
    kind = draw.random()
    if kind < 0.02:
        return None
    if kind < 0.05 and not of_branch:
        return draw.choice(("done", 7, True, [1, 2], 1.5))
    if kind < 0.1 and not of_branch:
        return outputs(draw)
    made = _state(draw, of_branch=of_branch) if draw.random() < 0.8 else {}
    if draw.random() < 0.08:
        made["preview_paths"] = [f"current_state.{path}" for path in draw.sample(_PREVIEWED, 2)]
    made |= _lists(draw)
    if draw.random() < 0.08:
        made["removed_paths"] = draw.sample(_REMOVED, 2)
    if draw.random() < 0.25:
        key = draw.choice(_TOP_LEVEL)
        made[key] = values.of_key(key, draw)
    if not of_branch:
        made |= _rare_fields(draw)
    elif draw.random() < 0.1:
        made |= {"status": "WAIT", "wait_seconds": draw.randrange(60)}
    return made


def _state(draw: Random, *, of_branch: bool) -> Plain:
    if draw.random() < 0.01 and not of_branch:
        return {STATE: values.scalar(draw)}
    state = values.mapping(draw)
    if draw.random() < 0.2 and not of_branch:
        state[draw.choice(("any", "other", ""))] = values.anything(draw)
    return {STATE: state}


def _lists(draw: Random) -> Plain:
    made: Plain = {}
    if draw.random() < 0.5:
        made["state_history"] = [values.entry(draw) for _ in range(draw.randrange(4))]
    if draw.random() < 0.06:
        made["new_history_logs"] = [values.entry(draw) for _ in range(draw.randrange(3))]
    if draw.random() < 0.15:
        made["chunk_results"] = values.rows(draw)
    if draw.random() < 0.06:
        made["failed_segments"] = values.items(draw)
    return made


def _rare_fields(draw: Random) -> Plain:
    made: Plain = {}
    if draw.random() < 0.05:
        made |= {f"f{number}": values.text(draw) for number in range(draw.choice((5, 40, 90)))}
    if draw.random() < 0.05:
        details = [{"item_count": number} for number in range(draw.randrange(12))]
        made["scheduling_metadata"] = {"batch_details": details, "priority": values.scalar(draw)}
    if draw.random() < 0.03:
        made[draw.choice(_NAMESAKES)] = values.anything(draw)
    if draw.random() < 0.005:
        made["huge"] = [f"{number} {'long ' * 20}" for number in range(4_000)]
    if draw.random() < 0.002:
        made["dump"] = f"{draw.randrange(9)} long text " * 30_000
    if draw.random() < 0.05:
        made["status"] = draw.choice(("CONTINUE", "SKIPPED"))
    return made


def time_to_wait(draw: Random, now: datetime) -> Plain:
    """Return how long, or until when: days, seconds, or no time any more."""
    seconds = draw.choice((0, 1, 25, 3_600, 259_200))
    if draw.random() < 0.5:
        return {"wait_seconds": seconds}
    zone = timezone(timedelta(hours=draw.randrange(-9, 9)))
    return {"wait_until": (now + timedelta(seconds=seconds - 60)).astimezone(zone).isoformat()}


def output(draw: Random) -> Any:
    """Return what an item of a map answers, which may be the report of a failure."""
    if draw.random() < 0.2:
        return {"status": "FAILED", "error": "ItemError", "cause": f"cause {draw.randrange(9)}"}
    return values.anything(draw) if draw.random() < 0.4 else values.mapping(draw)


def outputs(draw: Random) -> list[Any]:
    """Return what all items answer; at least one of them has not failed."""
    count = draw.choice((0, 1, 3, 8, 15, 30))
    return [{"row": 0, "of": 0}, *(output(draw) for _ in range(count))]
