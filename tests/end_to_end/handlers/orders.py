"""Handlers of a state machine that knows no bag."""

from typing import Any

from universal_sync_core import large_payloads


@large_payloads
def collect(event: Any, _context: Any) -> Any:
    """Answer the document with a report that no state may carry."""
    lines = [{"sku": f"s-{n}", "text": "l" * 20_000} for n in range(30)]
    return {**event, "report": "r" * 300_000, "lines": lines}


def quote(event: Any, _context: Any) -> Any:
    """Answer as a service does that knows nothing of pointers."""
    return event["letter"] * 90_000


@large_payloads
def measure(event: Any, _context: Any) -> Any:
    """Answer the size of a line, which may be a pointer."""
    return {"sku": event["line"]["sku"], "size": len(event["line"]["text"])}


@large_payloads
def summarise(event: Any, _context: Any) -> Any:
    """Read everything, and answer how large it was."""
    quotes = {name: len(event[name]["body"]) for name in ("first", "second", "third")}
    lines = sum(len(line["text"]) for line in event["lines"])
    told = {"report": len(event["report"]), "lines": lines, "quotes": quotes}
    return {"told": told, "document": event}
