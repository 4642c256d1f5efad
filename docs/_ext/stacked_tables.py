# ruff: noqa: INP001 - an extension of Sphinx, found beside conf.py
"""Tables that can be read on a narrow screen: each cell knows the heading of its column.

`site.css` puts the cells of a row one below the other there, each behind this heading.
"""

from typing import Any

from bs4 import BeautifulSoup
from sphinx.application import Sphinx


def labelled(body: str) -> str:
    """Return the HTML of a page with the heading of its column at each cell but a row's first."""
    if "<table" not in body:
        return body
    page = BeautifulSoup(body, "html.parser")
    for table in page.find_all("table"):
        headings = [each.get_text(" ", strip=True) for each in table.select("thead th")]
        for row in table.select("tbody tr"):
            cells = list(zip(row.find_all("td"), headings, strict=False))
            for cell, heading in cells[1:]:
                if heading and cell.get_text(strip=True):
                    cell["data-label"] = heading
    return str(page)


def _label(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object
) -> None:
    if "body" in context:
        context["body"] = labelled(context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of it."""
    app.connect("html-page-context", _label)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
