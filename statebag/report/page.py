"""The page: one HTML document with its style and script in it, that asks for nothing else."""

import base64
import hashlib
import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from statebag.executions.links import execution_page, trace_of
from statebag.output.rendering import bytes_text, digest_text, printable, seconds_text
from statebag.output.terminal import escaped_lines
from statebag.report import chart, graph, treemap
from statebag.report.findings import Findings
from statebag.report.records import brief, failures, fields_of, summary_of, time_told_by, took
from statebag.report.visits import Visit

# A longer timeline shows its beginning and its end.
_VISITS_SHOWN: Final = 1_000
_TEMPLATES: Final = resources.files("statebag.report") / "templates"


def page_of(findings: Findings) -> str:
    """Return the page as HTML."""
    style, script = _file("report.css"), _file("report.js")
    visits = findings.visits
    drawn = chart.chart_of(visits) if visits else None
    page = (
        _environment()
        .get_template("report.html")
        .render(
            findings=findings,
            style=Markup(style),  # noqa: S704 - files of this package
            script=Markup(script),  # noqa: S704
            policy=_policy(style, script),
            summary=summary_of(findings),
            failures=failures(findings.failed),
            drawing=graph.drawing_of(graph.graph_of(visits)),
            chart=drawn,
            points=_points(drawn) if drawn else "[]",
            geometry=chart,
            treemap=treemap,
            tiles=treemap.tiles_of(findings.state) if findings.state else [],
            shown=_shown(visits),
            left_out=max(0, len(visits) - _VISITS_SHOWN),
            span=_span(visits),
            is_of_days=len({visit.entered.astimezone(UTC).date() for visit in visits}) > 1,
            trace_page=trace_of,
            took=took,
        )
    )
    return escaped_lines(page)


def _environment() -> Environment:
    names = ("report.html", "macros.html")
    environment = Environment(
        loader=DictLoader({name: _file(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes": bytes_text,
        "seconds": seconds_text,
        "digest": digest_text,
        "brief": brief,
        "fields": fields_of,
        "time_told": time_told_by,
        "clock": _clock,
        "moment": _moment,
        "page": execution_page,
        "shell": shlex.quote,
        "printable": printable,
    }
    return environment


def _clock(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} {time.tzname() or ''}".strip()


def _moment(time: datetime, *, with_day: bool = True) -> str:
    """Return a time in UTC, to the millisecond."""
    text = time.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    return text if with_day else text.partition(" ")[2]


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a policy by which the page runs its own script, and loads nothing at all.

    https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    own = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for name, text in (("style", style), ("script", script))
    }
    return "; ".join(
        ["default-src 'none'", *(f"{name}-src 'sha256-{digest}'" for name, digest in own.items())]
    )


def _shown(visits: Sequence[Visit]) -> Sequence[Visit]:
    if len(visits) <= _VISITS_SHOWN:
        return visits
    half = _VISITS_SHOWN // 2
    return [*visits[:half], *visits[-half:]]


def _span(visits: Sequence[Visit]) -> tuple[datetime, float] | None:
    """Return when the first visit began, and seconds from then to the end of the last."""
    if not visits:
        return None
    start = min(visit.entered for visit in visits)
    ends = ((visit.entered - start).total_seconds() + (visit.seconds or 0.0) for visit in visits)
    return start, max(*ends, 0.001)


def _points(drawn: chart.Chart) -> str:
    """Return what the chart's cursor says about each point."""
    rows: list[list[Any]] = [
        [
            round(point.x, 1),
            point.visit.index + 1,
            point.visit.state,
            bytes_text(point.visit.payload),
            bytes_text(point.visit.without_offload),
        ]
        for point in drawn.points
    ]
    return json.dumps(rows)
