"""The segments of the workflow, in order: each takes the state, and returns the result to merge."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from .branches import pending_branches
from .service_model import library_version, list_services

Result = dict[str, Any]
State = Mapping[str, Any]


def find_services(state: State) -> Result:
    """List the services; `catalog_limit` in the execution's input cuts the list short."""
    services = list_services()[: state.get("catalog_limit")]
    return {
        "status": "CONTINUE",
        "current_state": {"library_version": library_version(), "services": services},
        "state_history": [{"step": "find_services", "services": len(services)}],
    }


def describe_services(state: State) -> Result:
    """Ask for a distributed map with one child per service."""
    items = [{"service": service} for service in state["current_state"]["services"]]
    return {"status": "DISTRIBUTED_MAP", "distributed_items": items}


def merge_catalog(state: State) -> Result:
    """Merge the descriptions of the children into the catalog."""
    entries = {entry["service"]: _catalog_entry(entry) for entry in state["distributed_outputs"]}
    return {
        "status": "CONTINUE",
        "current_state": {"catalog": entries},
        "state_history": [
            {"step": "merge_catalog", "service": name, "operations": entry["operations"]}
            for name, entry in entries.items()
        ],
    }


def compare_services(_state: State) -> Result:
    """Ask for the branches that rank and compare the services in parallel."""
    return {"status": "PARALLEL_GROUP", "pending_branches": pending_branches()}


def request_approval(state: State) -> Result:
    """Ask a person whether the catalog may be published."""
    return {
        "status": "PAUSED_FOR_HITP",
        "prompt": {
            "question": "Publish the catalog?",
            "headline": _headline(state),
            "largest_services": state["current_state"]["rankings"]["operations"]["most"][:3],
        },
        "state_history": [{"step": "request_approval"}],
    }


def publish(state: State) -> Result:
    """Hand the page to the publication job, or go on if the person declined."""
    approved = bool(state["current_state"]["approval"]["approved"])
    history = [{"step": "publish", "approved": approved}]
    if not approved:
        return {"status": "SKIPPED", "state_history": history}
    return {
        "status": "ASYNC",
        "prompt": {"job": "publish", "page": _page(state)},
        "state_history": history,
    }


def write_report(state: State) -> Result:
    """Write the report of the catalog, with a chapter for each protocol of the services."""
    chapters = defaultdict(list)
    for service, entry in sorted(state["current_state"]["catalog"].items()):
        chapters[entry["protocol"]].append(
            f"{entry['title']} ({service}, {entry['api_version']}): {entry['operations']}"
            f" operations, {entry['shapes']} shapes, {entry['documentation_words']} words"
        )
    report = {"headline": _headline(state), "chapters": dict(sorted(chapters.items()))}
    return {
        "status": "COMPLETE",
        "current_state": {"report": report},
        "state_history": [{"step": "write_report", "chapters": len(chapters)}],
    }


SEGMENTS: tuple[Callable[[State], Result], ...] = (
    find_services,
    describe_services,
    merge_catalog,
    compare_services,
    request_approval,
    publish,
    write_report,
)


def run_segment(state: State) -> Result:
    """Run the segment that the state has reached."""
    return SEGMENTS[state["segment_to_run"]](state)


def _catalog_entry(described: dict[str, Any]) -> dict[str, Any]:
    operations = described["operations"]
    longest = max(operations, key=lambda operation: operation["words"])
    return {
        "title": described["title"],
        "api_version": described["api_version"],
        "protocol": described["protocol"],
        "operations": len(operations),
        "verbs": described["verbs"],
        "longest_documentation": longest,
        "shapes": described["shapes"]["count"],
        "largest_shapes": described["shapes"]["largest"][:3],
        "documentation_words": described["documentation_words"],
    }


def _headline(state: State) -> str:
    entries = state["current_state"]["catalog"].values()
    operations = sum(entry["operations"] for entry in entries)
    words = sum(entry["documentation_words"] for entry in entries)
    return f"{len(entries)} services, {operations:,} operations, {words:,} words of documentation"


def _page(state: State) -> str:
    rankings = state["current_state"]["rankings"]
    tables = {
        "Most operations": rankings["operations"]["most"],
        "Most words of documentation": rankings["words"]["most"],
        "Structure names most services share": rankings["shapes"]["most_shared"],
        "Services most alike": rankings["shapes"]["alike"],
    }
    lines = ["# API catalog", "", _headline(state)]
    for title, ranked in tables.items():
        lines += ["", f"## {title}", "", *(f"- {row['name']}: {row['count']:,}" for row in ranked)]
    return "\n".join(lines) + "\n"
