"""The site in Chromium, on a phone and on a desk, in the light and in the dark."""

import pytest
from selenium import webdriver

from tests.docs.test_site import Site, site  # noqa: F401 - a fixture
from tests.statebag.report.conftest import browser  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Pages with pictures, with wide tables, with long lines of code.
PAGES = (
    "index",
    "tutorial",
    "architecture",
    "comparison",
    "troubleshooting",
    "benchmarks",
    "operations",
    "reference/settings",
    "reference/actions",
    "howto/cdk-and-terraform",
)
# Text of a picture has 12 px; under three quarters of its size it is hard to read.
LEAST_SCALE = 0.7
LARGEST = "return document.documentElement.scrollWidth"
WIDER = """
return [...document.querySelectorAll('article p, article li, article td, article .table-wrapper')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    .filter(each => !each.querySelector('img, pre') && !each.closest('pre'))
    .map(each => each.textContent.trim().slice(0, 60))
"""
SCALES = """
return [...document.querySelectorAll('article img[src$=".svg"]')]
    .map(each => [each.getAttribute('src'), each.clientWidth / each.naturalWidth])
"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("page", PAGES)
def test_text_is_not_scrolled_sideways_and_pictures_are_legible(
    site: Site,  # noqa: F811 - the fixture
    browser: webdriver.Chrome,  # noqa: F811 - the fixture
    page: str,
    width: int,
    *,
    dark: bool,
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((site.folder / f"{page}.html").as_uri())
    assert browser.execute_script(LARGEST) <= width
    assert browser.execute_script(WIDER) == []
    scales = browser.execute_script(SCALES)
    assert [name for name, scale in scales if scale < LEAST_SCALE and width == 400] == []
