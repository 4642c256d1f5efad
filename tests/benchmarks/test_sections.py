"""Each section of the table, measured on little: that it runs, not how fast."""

import io
import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks import charts
from benchmarks.__main__ import main, run
from benchmarks.rows import Row
from benchmarks.scenarios import cost, loop, middy_store
from benchmarks.sections import SECTIONS
from benchmarks.session import QUICK, Session

INSTALLED = (Path(middy_store.__file__).parents[1] / "middy" / "node_modules").is_dir()
# Its memory takes a state of 50 MB; the function has to be built for the other.
ELSEWHERE = {"small", "cold-start", "middy-store"}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(QUICK) as session:
        yield session


@pytest.fixture(scope="module")
def rows_of(session: Session) -> Callable[[str], list[Row]]:
    """Measure a section once, however many tests ask."""
    return cache(lambda name: list(SECTIONS[name](session)))


def assert_measured(rows: list[Row]) -> None:
    assert rows
    assert all(math.isfinite(row.measured) and row.measured >= 0 for row in rows)


@pytest.mark.parametrize("name", [name for name in SECTIONS if name not in ELSEWHERE])
def test_a_section_measures_what_it_names(rows_of: Callable[[str], list[Row]], name: str) -> None:
    assert_measured(rows_of(name))


@pytest.mark.parametrize("name", ["small", "cold-start"])
def test_the_first_row_of_a_section_is_there_before_the_others(session: Session, name: str) -> None:
    (first, *_) = islice(SECTIONS[name](session), 1)
    assert_measured([first])


@pytest.mark.skipif(not INSTALLED, reason="`make bench` installs the packages of middy-store")
def test_middy_store(session: Session) -> None:
    assert_measured(list(SECTIONS["middy-store"](session)))


def test_only_the_sections_asked_for_are_measured_and_each_row_is_printed_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.StringIO()

    def measured(_: Session) -> Iterator[Row]:
        yield Row(scenario="first of two", measured=3, target=2, unit="requests")
        assert "first of two" in printed.getvalue()
        yield Row(scenario="second of two", baseline="another", measured=0.5, target=1)

    def never(_: Session) -> Iterator[Row]:
        pytest.fail("nobody asked for it")

    monkeypatch.setattr("benchmarks.__main__.SECTIONS", {"asked": measured, "other": never})
    run(session, Console(file=printed, width=200), ["asked"])
    lines = printed.getvalue().splitlines()
    (missed,) = [line for line in lines if "first of two" in line]
    (met,) = [line for line in lines if "second of two" in line]
    assert missed.startswith("x ")
    assert missed.split()[-4:] == ["requests", "<=", "2", "requests"]
    assert met.startswith("  ")
    assert met.split()[-4:] == ["0.50", "<=", "1.00", "another"]


def test_a_section_that_does_not_exist_is_refused_with_those_that_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "fresh", "freshest"])
    with pytest.raises(SystemExit):
        main()
    assert "there is no section 'freshest'; there are small, throughput" in capsys.readouterr().err


def test_unchanged_fields_cost_no_byte(rows_of: Callable[[str], list[Row]]) -> None:
    (row,) = [row for row in rows_of("waves") if "unchanged" in row.scenario]
    assert row.measured == 0


def test_a_growing_state_costs_less_than_as_first_designed(session: Session) -> None:
    own, first = session.curves
    assert own.total < first.total
    assert own.bend < first.bend


def test_the_bill_has_an_item_for_each_price(session: Session) -> None:
    assert cost.table(*session.bill).row_count == len(cost.Use.__slots__) + 1


def test_a_segment_takes_three_transitions_and_two_where_the_worker_syncs() -> None:
    assert cost.transitions_of_a_segment() == 3
    assert cost.transitions_of_a_segment("RunAndSyncSegment") == 2


def test_a_worker_reads_what_it_touches_and_stores_its_result_once(
    rows_of: Callable[[str], list[Row]],
) -> None:
    by_bytes = [row for row in rows_of("workers") if "byte" in row.unit + row.baseline]
    assert len(by_bytes) == 2
    assert all(row.is_met for row in by_bytes)


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    own, first = loop.curves(10)
    charts.draw(own, first, tmp_path / "plot.svg", QUICK.state_sizes, segments=1)
    svg = ET.parse(tmp_path / "plot.svg").getroot()  # noqa: S314 - our own file
    texts = {element.text for element in svg.iter() if element.tag.endswith("text")}
    assert {"steps", "Universal Sync Core", "as first designed"} <= texts
