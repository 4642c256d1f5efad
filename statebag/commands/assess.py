"""`statebag assess`: where a state machine ends in States.DataLimitExceeded, and what to do."""

import importlib
from typing import TYPE_CHECKING, Final

import click

from statebag.account.aws import Cloud
from statebag.bounds import Bounds, with_bounds
from statebag.errors import DIFFERENT, OK
from statebag.options import as_json, with_cloud
from statebag.output.rendering import bytes_text, counted
from statebag.output.terminal import BAD, GOOD, STRONG, note, print_json, print_line, print_table

if TYPE_CHECKING:
    from statebag.machines.assessing.assessment import Assessment, Finding
    from statebag.machines.assessing.cost import Cost
    from statebag.machines.assessing.report import Handler, Report

_EXECUTIONS: Final = 20


@click.command()
@click.argument("machine")
@with_bounds
@click.option(
    "--executions",
    default=_EXECUTIONS,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="How many of a deployed machine's newest executions to read the histories of.",
)
@as_json
@with_cloud
def command(cloud: Cloud, machine: str, bounds: Bounds, executions: int, *, to_json: bool) -> int:
    """Find where a state machine can end in States.DataLimitExceeded, and say what to do about it.

    MACHINE is a file of Amazon States Language (JSON or YAML, alone or in a template, with or
    without substitutions), or the ARN of a deployed state machine, whose executions are then
    measured. A file needs no credentials. Changes nothing. Exits with 1 if a state can exceed the
    limit.

    \b
    Examples:
      statebag assess statemachine/orders.asl.json
      statebag assess orders.asl.yaml --input-bytes 40000 --items 200 --decorated ChargeCard
      statebag assess ARN --json | jq '.[0].assessments[0].findings'
    """  # noqa: D301 - click reads the control character
    # The parsers take a moment to load: no other command needs them.
    report = importlib.import_module("statebag.machines.assessing.report")
    reports: list[Report] = report.reports_on(cloud, machine, bounds, executions)
    for line in reports[0].notes if reports else ():
        note(line)
    if to_json:
        print_json([each.to_json() for each in reports])
    else:
        for each in reports:
            _print(each)
    return OK if all(each.is_sound for each in reports) else DIFFERENT


def _print(report: "Report") -> None:
    states = len(report.assessments[0].rows)
    print_line(f"{report.name}, line {report.line}: {states} states", STRONG)
    _print_states(report)
    for assessment in report.assessments:
        print_line()
        _print_findings(assessment)
    for handler in report.handlers:
        _print_handler(handler)
    for hint in report.assessments[0].hints:
        print_line(f"Hint: {hint}.")
    print_line()
    _print_assumptions(report)


def _print_states(report: "Report") -> None:
    inputs = [assessment.assumed.input_bytes for assessment in report.assessments]
    documents = [f"document at {bytes_text(size)} input" for size in inputs]
    seen = report.histories.states
    columns = ["state", "type", "calls", "answers up to", *documents]
    columns += ["seen"] if seen else []
    rows = []
    for each in zip(*(assessment.rows for assessment in report.assessments), strict=True):
        row = each[0]
        answer = "" if row.answer is None else bytes_text(row.answer)
        calls = row.state.call.service.name if row.state.call else ""
        shown = [row.state.title, row.state.kind, calls, f"{answer}{'?' if row.is_assumed else ''}"]
        shown += [bytes_text(other.document) for other in each]
        if seen:
            measured = seen.get(row.state.name)
            shown.append(bytes_text(measured.exited) if measured else "-")
        rows.append([*shown, ", ".join(row.read_later)])
    print_table(
        [*columns, "parts of its answer that later states read in place"],
        rows,
        right=("answers up to", *documents),
    )


def _print_findings(assessment: "Assessment") -> None:
    size, count = bytes_text(assessment.assumed.input_bytes), len(assessment.findings)
    if not count:
        print_line(f"With inputs up to {size}, no state exceeds the limit.", GOOD)
        return
    needed = len(assessment.planned.plan)
    print_line(
        f"With inputs up to {size}, {counted(count, 'state')} can exceed the limit of 256"
        f" KiB; {counted(needed, 'offload state')} would be inserted.",
        BAD,
    )
    if needed:
        _print_cost(assessment.cost)
    for finding in assessment.findings:
        if not finding.is_following:
            _print_finding(finding)
    following = [each.state.title for each in assessment.findings if each.is_following]
    if following:
        print_line(f"  After it, the document stays too large in: {', '.join(following)}")


def _print_cost(cost: "Cost") -> None:
    again = ", and as much again on each round of a loop" if cost.is_looping else ""
    print_line(
        f"  Each execution then has at most {counted(cost.passes, 'state transition')} and"
        f" as many invocations more{again}: ${cost.usd_per_1000:.2f} for 1,000 executions,"
        " without the function's time."
    )


def _print_handler(handler: "Handler") -> None:
    named = handler.states[0].title if len(handler.states) == 1 else None
    who = f'the handler of "{named}"' if named else f"all {len(handler.states)} handlers"
    left = f"{counted(handler.offload_states, 'offload state')} to insert"
    refused = f" and {counted(handler.refusals, 'state')} refused" if handler.refusals else ""
    print_line(f"Decorating {who} leaves {left}{refused}.")


def _print_finding(finding: "Finding") -> None:
    size = bytes_text(finding.size) if finding.size is not None else "no bound"
    print_line(f"  {finding.state.title}: {finding.what} has up to {size}, {finding.when}")
    print_line(f"    {finding.advice}")


def _print_assumptions(report: "Report") -> None:
    assumed = report.assessments[0].assumed
    note(
        "Assumed: answers without a bound of their own (?) have up to"
        f" {bytes_text(assumed.answer_bytes)} (--answer-bytes), Maps up to {assumed.items} items"
        " (--items), names and identifiers 1 KiB."
    )
    if len(report.assessments) > 1:
        note("The size of the input is not known. Give the largest with --input-bytes.")
    if report.histories.executions:
        note(f"Measured: {report.histories.executions} executions.")
