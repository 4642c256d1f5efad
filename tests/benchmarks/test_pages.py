"""Each page of the table, measured on little."""

import math
import os
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree as ET

import pytest

from benchmarks import charts, cold_start, cost, fresh, loop, middy_store, waves, workers
from benchmarks.__main__ import QUICK, cells
from benchmarks.rows import Row
from benchmarks.slow_s3 import SlowS3

INSTALLED = (Path(middy_store.__file__).parent / "middy" / "node_modules").is_dir()


def assert_measured(rows: list[Row]) -> None:
    assert rows
    assert all(math.isfinite(row.ratio) and row.ratio >= 0 for row in rows)
    assert all(cells(row) for row in rows)


def test_waves(s3: SlowS3) -> None:
    assert_measured(waves.rows(s3, QUICK.requests))


def test_fresh_values(s3: SlowS3) -> None:
    with mock.patch.dict(os.environ, s3.environment()):
        assert_measured(list(fresh.rows(s3, QUICK.values)))


def test_unchanged_fields_cost_no_byte(s3: SlowS3) -> None:
    rows = waves.rows(s3, QUICK.requests)
    (row,) = [row for row in rows if "unchanged" in row.scenario]
    assert row.ratio == 0


@pytest.mark.skipif(not INSTALLED, reason="`make bench` installs the packages of middy-store")
def test_middy_store(s3: SlowS3) -> None:
    with mock.patch.dict(os.environ, s3.environment()):
        assert_measured(middy_store.rows(s3, pairs=1, fields=3))


def test_a_growing_state_costs_less_than_as_first_designed() -> None:
    own, first = loop.curves(40)
    assert own.total < first.total
    assert own.bend < first.bend
    assert_measured(loop.rows(own, first, 40))


def test_the_bill_has_an_item_for_each_price() -> None:
    used = cost.measure(QUICK.segments)
    assert_measured(cost.rows(*used))
    assert cost.table(*used).row_count == len(cost.Use.__slots__) + 1


def test_a_segment_takes_three_transitions_and_two_where_the_worker_syncs() -> None:
    assert cost.transitions_of_a_segment() == 3
    assert cost.transitions_of_a_segment("RunAndSyncSegment") == 2


def test_a_worker_reads_what_it_touches_and_stores_its_result_once() -> None:
    rows = workers.rows(QUICK.tasks)
    assert_measured(rows)
    by_bytes = [row for row in rows if "bytes" in row.baseline or "bytes" in row.scenario]
    assert len(by_bytes) == 2
    assert all(row.is_met for row in by_bytes)


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    own, first = loop.curves(10)
    charts.draw(own, first, tmp_path / "plot.svg", QUICK.state_sizes, segments=1)
    svg = ET.parse(tmp_path / "plot.svg").getroot()  # noqa: S314 - our own file
    texts = {element.text for element in svg.iter() if element.tag.endswith("text")}
    assert {"steps", "Universal Sync Core", "as first designed"} <= texts


def test_cold_start() -> None:
    assert_measured(cold_start.rows(pairs=1))
