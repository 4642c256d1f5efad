"""The chart of payloads: the limit, the scale, and how much it draws."""

from statebag.report.chart import BOTTOM, HEIGHT, LIMIT, TOP, chart_of
from statebag.report.visits import Visit
from tests.statebag.bucket import NOW


def visit(index: int, payload: int, without: int | None = None, execution: int = 0) -> Visit:
    return Visit(
        index=index,
        number=index + 1,
        execution=execution,
        state="Step",
        kind="Task",
        entered=NOW,
        parent=None,
        depth=0,
        iteration=None,
        seconds=1.0,
        payload=payload,
        without_offload=payload if without is None else without,
        offloaded=0,
        retries=0,
        error=None,
        next_action=None,
    )


def test_what_is_over_the_limit_is_above_its_line() -> None:
    chart = chart_of([visit(0, 1_000, LIMIT + 1), visit(1, LIMIT - 1), visit(2, LIMIT)])
    first, second, third = chart.points
    assert first.y_without < chart.limit < first.y
    assert second.y > chart.limit
    assert third.y == chart.limit


def test_the_chart_holds_the_largest_and_the_smallest() -> None:
    chart = chart_of([visit(0, 0, 10**12), visit(1, 2)])
    for point in chart.points:
        assert TOP <= point.y_without <= point.y <= HEIGHT - BOTTOM


def test_a_long_execution_is_drawn_by_the_largest_of_steps_that_follow_each_other() -> None:
    visits = [visit(index, 1_000) for index in range(5_000)]
    visits[3_333] = visit(3_333, 250_000)
    chart = chart_of(visits)
    assert chart.visits_of_point == 5
    assert len(chart.points) == 1_000
    assert max(chart.points, key=lambda point: point.visit.payload).visit.index == 3_333


def test_the_next_execution_begins_at_a_line() -> None:
    chart = chart_of([visit(0, 1), visit(1, 1), visit(2, 1, execution=1)])
    assert chart.breaks == [chart.points[2].x]
    assert len(chart.numbers) == 3
