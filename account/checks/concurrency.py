"""A map of many items, with whatever concurrency the account has."""

from collections.abc import Iterator

from account.findings import Finding

from .checked import Checked, succeeded

PART = "concurrency"
_SECONDS = 7_200


def check(run: Checked) -> Iterator[Finding]:
    """Run the map, and ask for items that failed."""
    limits = run.access.client("lambda").get_account_settings()["AccountLimit"]
    run.report(f"concurrent executions of the account: {limits['ConcurrentExecutions']}")
    items = [{"item": n} for n in range(run.many_items)]
    mapped = {"status": "DISTRIBUTED_MAP", "distributed_items": items}
    execution = run.run(mapped, timeout=_SECONDS)
    failed = succeeded(PART, f"{len(items)} items", execution)
    yield from failed
    if not failed:
        state = run.cloud.hydrate(execution.output["state_data"])
        if reports := state.get("failed_segments"):
            seen = f"{len(reports)} failed"
            yield Finding(part=PART, subject=f"{len(items)} items", expected="none", seen=seen)
