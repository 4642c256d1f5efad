"""A worker: what an order costs, and its lines with their prices."""

from universal_sync_core import state_task


@state_task(needs=["current_state.order"])
def handler(state, _context):
    """Return the sum and the priced lines of the order."""
    lines = state["current_state"]["order"]["lines"]
    priced = [{**line, "cost": line["price"] * line["count"]} for line in lines]
    cost = sum(line["cost"] for line in priced)
    return {"status": "COMPLETE", "current_state": {"cost": cost, "priced": priced}}
