"""The page in Chromium: graph, chart, tree and search, by keyboard, in dark and light."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from statebag.report.page import page_of
from tests.statebag.report.runs import findings
from tests.statebag.report.test_excerpt import large_run

CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (each) => {
  for (; each; each = each.parentElement) {
    const color = parse(getComputedStyle(each).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
return arguments[0].map((selector) => {
  const each = document.querySelector(selector), style = getComputedStyle(each);
  const own = parse(each instanceof SVGElement ? style.fill : style.color);
  const [a, b] = [light(own), light(behind(each))].sort((x, y) => y - x);
  return [selector, (a + 0.05) / (b + 0.05)];
});
"""
"""https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
READABLE = [
    "h1",
    ".arn",
    "nav a",
    ".hint",
    ".figures dt",
    ".figures dd.good",
    ".figures dd.warn",
    ".graph .name",
    ".graph .note",
    ".chart .tick",
    ".chart text.limit",
    ".key",
    ".value.text",
    ".tree .size",
    ".record b",
    "td.bad",
    "tbody .warn",
    ".opener",
    ".copy",
    ".time",
    "td a",
    "footer",
]


@pytest.fixture
def page(browser: Chrome, page_file: Path) -> Iterator[Chrome]:
    logged: Any = browser  # get_log has no types
    browser.get("about:blank")
    logged.get_log("browser")
    browser.get(page_file.as_uri())
    yield browser
    assert logged.get_log("browser") == []


def found(page: Chrome, selector: str) -> list[WebElement]:
    return page.find_elements(By.CSS_SELECTOR, selector)


def one(page: Chrome, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def focused(page: Chrome) -> str:
    text: str = page.execute_script("return document.activeElement.textContent.trim()")
    return text


def search(page: Chrome, text: str) -> str:
    """Return what the search says of a text."""
    field, told = one(page, "#state-search"), one(page, "#state-found")
    field.send_keys(Keys.ESCAPE, text)
    WebDriverWait(page, 5, 0.05).until(lambda _: told.text)
    return told.text


def shown_parts(page: Chrome) -> list[str]:
    return [
        key.get_attribute("title") or "" for key in found(page, ".tree .key") if key.is_displayed()
    ]


def test_the_graph_shows_each_state_once_and_leads_to_its_steps(page: Chrome) -> None:
    names = [text.text for text in found(page, ".graph .name")]
    assert sorted(names) == sorted(
        [
            "InitializeState",
            "RouteNextAction",
            "RunSegment",
            "SyncSegment",
            "ProcessParallelBranches",
            "ForkBranch",
            "CompleteBranch",
            "AggregateBranches",
            "Complete",
        ]
    )
    assert [text.text for text in found(page, ".graph .back text")] == ["↺ RouteNextAction"] * 2
    state = one(page, ".graph a[aria-label^=SyncSegment]")
    label = state.get_attribute("aria-label") or ""
    assert "visited 6 times" in label
    assert "StoreUnavailableError" in label
    state.send_keys(Keys.ENTER)
    assert one(page, "tr:target th").text == "SyncSegment"


def test_the_chart_is_read_by_keyboard(page: Chrome) -> None:
    chart, read = one(page, "#sizes-chart"), one(page, "#sizes-read")
    limit = one(page, ".chart line.limit").rect["y"]
    assert one(page, ".chart .with.line").rect["y"] > limit > one(page, ".chart .without").rect["y"]
    chart.send_keys(Keys.END)
    assert read.text.startswith("Step 30, Complete: ")
    assert "without offloading" in read.text
    chart.send_keys(Keys.HOME, Keys.ARROW_RIGHT)
    assert read.text.startswith("Step 2, RouteNextAction: ")
    cursor = one(page, ".chart .cursor")
    assert cursor.get_attribute("hidden") is None
    assert float(cursor.get_attribute("x1") or 0) > 0


def test_large_parts_are_folded(page: Chrome) -> None:
    shown = shown_parts(page)
    assert "current_state.report" in shown
    assert "current_state.services[0]" not in shown


def test_the_search_opens_what_it_finds_and_hides_the_rest(page: Chrome) -> None:
    assert search(page, "service 11").startswith("1 of the ")
    path = "current_state.services[11].name"
    assert set(shown_parts(page)) == {
        "",
        "current_state",
        path.rsplit(".", 1)[0],
        path.partition("[")[0],
        path,
    }
    told = search(page, "no such thing")
    assert told.startswith("0 of the ")
    assert "on this page; to search all of the state: statebag show arn:" in told
    assert shown_parts(page) == []
    one(page, "#state-search").send_keys(Keys.ESCAPE)
    assert "current_state.title" in shown_parts(page)
    assert "current_state.services[11].name" not in shown_parts(page)


def test_enter_goes_from_hit_to_hit(page: Chrome) -> None:
    assert search(page, "chapter") != ""
    field, told = one(page, "#state-search"), one(page, "#state-found")
    field.send_keys(Keys.ENTER, Keys.ENTER)
    assert told.text.startswith("2 of ")
    field.send_keys(Keys.SHIFT, Keys.ENTER)
    assert told.text.startswith("1 of ")


def test_the_tree_is_walked_with_the_arrow_keys(page: Chrome) -> None:
    one(page, ".tree summary").send_keys(Keys.ARROW_DOWN)
    assert focused(page).startswith("current_state")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused(page).startswith("report")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert "current_state.report.chapter 0" in shown_parts(page)
    page.switch_to.active_element.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert focused(page).startswith("current_state")
    one(page, "#state-fold").click()
    assert "current_state.report" not in shown_parts(page)


def test_a_tile_leads_to_its_part(page: Chrome) -> None:
    tile = one(page, ".treemap a[aria-label^='current_state.services,']")
    page.execute_script("location.hash = arguments[0].getAttribute('href')", tile)
    WebDriverWait(page, 5, 0.05).until(lambda _: focused(page).startswith("services"))
    assert "current_state.services[0]" in shown_parts(page)


def test_rows_are_filtered(page: Chrome) -> None:
    one(page, "#timeline-search").send_keys("syncsegment store")
    told = one(page, "#timeline-found")
    WebDriverWait(page, 5, 0.05).until(lambda _: told.text)
    assert told.text == "1 of 30"
    (row,) = [row for row in found(page, "#timeline-rows tr") if row.is_displayed()]
    assert "StoreUnavailableError" in row.text


def at_width(page: Chrome, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_dark_and_light(page: Chrome, scheme: str, tmp_path: Path) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    back = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, back[4:-1].split(","))) < 60) == (scheme == "dark")
    ratios: list[Any] = page.execute_script(CONTRAST, READABLE)
    assert [(selector, ratio) for selector, ratio in ratios if ratio < 4.5] == []
    assert page.save_screenshot(str(tmp_path / f"{scheme}.png"))


def test_the_page_is_as_wide_as_the_window_and_no_wider(page: Chrome) -> None:
    for width in (1400, 400):
        at_width(page, width)
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_headings_and_fields_have_names(page: Chrome) -> None:
    assert len(found(page, "h1")) == 1
    assert len(found(page, "h2")) == len(found(page, "main > section")) == 9
    for field in found(page, "input"):
        assert field.accessible_name in {"Search", "Filter"}
    assert all(link.accessible_name for link in found(page, "a"))


def test_a_page_of_a_large_state_opens_and_is_searched(browser: Chrome, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    file.write_text(page_of(findings(large_run())), encoding="utf-8")
    browser.get(file.as_uri())
    assert search(browser, "item 19").startswith("1 of the ")
