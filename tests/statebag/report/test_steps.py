"""What a step was given and gave, links, copies and the search, in Chromium by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from statebag.report.page import page_of
from tests.statebag.report.runs import Run, findings, finished_run
from tests.statebag.report.test_browser import at_width, found, one

WORKER = "arn:aws:lambda:eu-west-1:123456789012:function:worker"
CAUSE = '{"errorMessage": "no lines", "stackTrace": ["  File \\"worker.py\\", line 7"]}'
TRACE = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a workflow whose last segment failed, after a long loop."""
    run = finished_run()
    for number in range(1_100):
        run.state(f"State{number}")
    run.calls(WORKER).fail("ValueError", CAUSE)
    run.cloud.states.executions[run.arn]["traceHeader"] = f"Root={TRACE}"
    path = tmp_path_factory.mktemp("steps") / "report.html"
    path.write_text(page_of(findings(run)), encoding="utf-8")
    return path


@pytest.fixture(params=[400, 1400])
def page(browser: Chrome, file: Path, request: pytest.FixtureRequest) -> Iterator[Chrome]:
    at_width(browser, request.param)
    browser.get(file.as_uri())
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def press(page: Chrome, *keys: str) -> None:
    ActionChains(page).send_keys(*keys).perform()


def focused(page: Chrome) -> str:
    text: str = page.execute_script("return document.activeElement.id")
    return text


def test_why_it_failed_is_on_the_first_screen(page: Chrome) -> None:
    card = one(page, "#failure")
    assert card.location["y"] + 40 < 450
    assert "no lines" in card.text
    assert 'File "worker.py", line 7' in card.text
    links = [link.get_attribute("href") for link in found(page, "#failure a")]
    assert any(href and href.endswith(TRACE) for href in links)


def test_a_step_is_opened_by_keyboard_and_tells_all_of_it(page: Chrome) -> None:
    opener = one(page, "#step-6 .opener")
    detail = one(page, "#detail-6")
    page.execute_script("arguments[0].focus()", opener)
    assert not detail.is_displayed()
    press(page, Keys.ENTER)
    assert detail.is_displayed()
    assert opener.get_attribute("aria-expanded") == "true"
    assert "2025-05-31 11:58:" in detail.text
    given, gave = (pre.text for pre in detail.find_elements(By.TAG_NAME, "pre"))
    assert given != gave
    assert '"state_revision": ' in given
    for pre in detail.find_elements(By.TAG_NAME, "pre"):
        assert pre.size["width"] <= page.execute_script("return innerWidth")
    press(page, Keys.SPACE)
    assert not detail.is_displayed()


def test_the_function_of_a_step_leads_to_its_log(page: Chrome) -> None:
    page.execute_script(
        "document.querySelector('#timeline-rows tr:nth-last-child(4) button').click()"
    )
    told = [link for link in found(page, ".detail a") if link.is_displayed()]
    assert "log-group/$252Faws$252Flambda$252Fworker/log-events$3Fstart$3D" in (
        told[0].get_attribute("href") or ""
    )


def test_a_command_is_copied(page: Chrome) -> None:
    page.execute_script(
        "window.copied = []; navigator.clipboard.writeText = async (text) => { copied.push(text); }"
    )
    button = one(page, ".arn .copy")
    assert (button.accessible_name or "").startswith("Copy arn:aws:states:")
    button.send_keys(Keys.ENTER)
    WebDriverWait(page, 5, 0.05).until(lambda _: button.text == "Copied")
    assert page.execute_script("return copied") == [one(page, ".arn code").text.replace("\n", "")]


def test_a_page_without_a_clipboard_copies_the_old_way(page: Chrome) -> None:
    page.execute_script(
        "window.copied = []; navigator.clipboard.writeText = async () => { throw new Error(); };"
        "document.addEventListener('copy', () => copied.push(document.activeElement.value))"
    )
    button = one(page, ".arn .copy")
    button.send_keys(Keys.ENTER)
    WebDriverWait(page, 5, 0.05).until(lambda _: button.text == "Copied")
    assert page.execute_script("return copied") == [one(page, ".arn code").text.replace("\n", "")]


def test_slash_leads_to_the_search_and_is_a_letter_in_it(page: Chrome) -> None:
    press(page, "/")
    assert focused(page) == "state-search"
    assert one(page, "#state-search").is_displayed()
    press(page, "a/b")
    assert one(page, "#state-search").get_attribute("value") == "a/b"


def test_a_search_says_what_it_does_not_cover_and_how_to(page: Chrome) -> None:
    one(page, "#state-search").send_keys("it's not here")
    told = one(page, "#state-found")
    WebDriverWait(page, 5, 0.05).until(lambda _: told.text)
    assert "parts on this page; to search all of the state: statebag show arn:" in told.text
    assert told.find_element(By.TAG_NAME, "code").text.endswith("grep 'it'\\''s not here'")
    assert told.find_element(By.TAG_NAME, "button").text == "Copy"


def test_a_filter_finds_inputs_and_says_which_steps_are_not_here(page: Chrome) -> None:
    one(page, "#timeline-search").send_keys("initializestate api catalog")
    told = one(page, "#timeline-found")
    WebDriverWait(page, 5, 0.05).until(lambda _: told.text)
    assert told.text.startswith(
        "1 of 1000 on this page; it does not search 132 more steps: statebag"
    )
    (row,) = [row for row in found(page, "#timeline-rows tr:not([hidden])") if row.is_displayed()]
    assert "InitializeState" in row.text


def test_the_timeline_fits_a_phone(browser: Chrome, file: Path) -> None:
    at_width(browser, 400)
    browser.get(file.as_uri())
    table = one(browser, ".steps")
    assert table.size["width"] <= table.find_element(By.XPATH, "..").size["width"]
    shown = [cell.text for cell in found(browser, ".steps thead th") if cell.is_displayed()]
    assert shown == ["step", "state", "time (UTC)", "took, s", "payload"]
    sizes = found(browser, ".chart .tick")
    assert min(each.size["height"] for each in sizes) >= 9


def test_an_execution_that_runs_has_no_end(browser: Chrome, tmp_path: Path) -> None:
    path = tmp_path / "running.html"
    path.write_text(page_of(findings(Run("runs").state("RunSegment"))), encoding="utf-8")
    browser.get(path.as_uri())
    assert "still running" in one(browser, ".executions").text
