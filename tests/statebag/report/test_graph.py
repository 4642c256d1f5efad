"""The graph: what follows what, and that nothing lies on anything else."""

from itertools import combinations

from statebag.report.graph import Drawing, Graph, Placed, drawing_of, graph_of
from tests.statebag.report.runs import Run, findings, finished_run


def graph(run: Run) -> Graph:
    return graph_of(findings(run).visits)


def placed(drawing: Drawing) -> dict[str, Placed]:
    return {each.state.name: each for each in drawing.placed if each.state}


def overlap(one: Placed, other: Placed) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_states_follow_the_one_they_were_first_reached_from() -> None:
    whole = graph(finished_run())
    assert whole.starts == ["InitializeState"]
    assert whole.states["InitializeState"].after == {"RouteNextAction": 1}
    reached = {"RunSegment": 6, "ProcessParallelBranches": 1, "Complete": 1}
    assert whole.states["RouteNextAction"].after == reached
    assert whole.states["RunSegment"].after == {"SyncSegment": 6}


def test_a_way_back_is_named_with_how_often_it_was_taken() -> None:
    whole = graph(finished_run())
    assert whole.states["SyncSegment"].back == {"RouteNextAction": 6}
    (pill,) = [
        each
        for each in drawing_of(whole).placed
        if each.back_to == "RouteNextAction"
        and each.y < placed(drawing_of(whole))["Complete"].y * 9
    ][:1]
    assert pill.state is None


def test_a_map_holds_what_its_iterations_visited() -> None:
    inner = graph(finished_run()).states["ProcessParallelBranches"].inner
    assert inner is not None
    assert inner.starts == ["ForkBranch"]
    assert inner.states["ForkBranch"].after == {"CompleteBranch": 3}
    assert len(inner.states["ForkBranch"].visits) == 3


def test_a_state_that_goes_to_itself_leads_back() -> None:
    run = Run("loop").state("Poll").state("Poll").state("Poll")
    assert graph(run).states["Poll"].back == {"Poll": 2}


def test_nothing_lies_on_anything_else() -> None:
    drawing = drawing_of(graph(finished_run()))
    around = placed(drawing)["ProcessParallelBranches"]
    others = [each for each in drawing.placed if each is not around]
    assert not [pair for pair in combinations(others, 2) if overlap(*pair)]
    inside = {each.state.name for each in others if each.state and overlap(each, around)}
    assert inside == {"ForkBranch", "CompleteBranch"}


def test_all_is_within_the_drawing_and_below_what_it_follows() -> None:
    drawing = drawing_of(graph(finished_run()))
    for each in drawing.placed:
        assert each.x >= 0
        assert each.x + each.width <= drawing.width + 0.01
        assert each.y + each.height <= drawing.height + 0.01
    assert all(move.to_y > move.y for move in drawing.moves)


def test_an_error_that_was_tried_again_is_no_failure() -> None:
    run = finished_run()
    assert graph(run).states["SyncSegment"].tone == "troubled"
    run.fail("SegmentFailedError", "the worker said so")
    assert graph(run).states["FailExecution"].tone == "failed"


def test_no_visits_are_no_drawing() -> None:
    assert drawing_of(graph(Run("new"))).placed == []
