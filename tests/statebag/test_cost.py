import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.statebag.cloud import BUCKET, FakeCloud, client_error
from tests.statebag.conftest import Run
from tests.statebag.histories import History, bag
from tests.statebag.states import RUN, catalog_bag

PRICES = {"as_of": "2030-01", "transitions_per_1000": 1000.0}


@pytest.fixture(autouse=True)
def finished(cloud: FakeCloud) -> None:
    history = History().visit("InitializeState", {}, bag())
    history.enter("RunSegment", bag())
    history.attempt("Lambda.ServiceException")
    history.attempt()
    history.leave(bag())
    history.enter("WaitForCallback", bag())
    history.attempt(resource="invoke.waitForTaskToken")
    history.leave(bag())
    output = {"state_data": catalog_bag()}
    cloud.states.add("run-1", events=history.events, input={}, output=output)


def test_cost_of_an_execution(run: Run, golden: Callable[[str], None]) -> None:
    golden(run("cost", RUN).out)


def test_memory_that_is_assumed_is_told_so(
    run: Run, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise client_error("AccessDeniedException", "GetFunctionConfiguration")

    monkeypatch.setattr(cloud.functions, "get_function_configuration", denied)

    assert "functions of 1 GB (assumed), " in run("cost", RUN, "--bucket", BUCKET).err


def test_prices_are_an_input_with_their_month(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(PRICES))

    told = json.loads(run("cost", RUN, "--prices", str(file), "--json").out)

    # Three states, one of them tried twice.
    assert told["items"]["state transitions"] == {"quantity": 4, "cost": 4.0}
    assert told["prices"]["as_of"] == "2030-01"


def test_waiting_for_a_token_is_no_function_time(run: Run) -> None:
    items = json.loads(run("cost", RUN, "--json").out)["items"]

    # From entering to leaving: three events, and five with a retry, a quarter of a second each.
    assert items["function time"]["quantity"] == pytest.approx(0.75 + 1.25)


def test_prices_without_a_month_are_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text("{}")

    ran = run("cost", RUN, "--prices", str(file))

    assert ran.code == 7
    assert "as_of" in ran.err
