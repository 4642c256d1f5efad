"""The worker: the state machine calls it for every segment of a workflow."""

from universal_sync_core import state_task


@state_task(needs=["current_state.order"])
def handler(state, _context):
    """Return the cost of the order.

    `needs` names the parts of the state to read; each is fetched when it is touched. The returned
    value is merged into the state, and may have any size. `status` says where the workflow goes
    next.
    """
    lines = state["current_state"]["order"]["lines"]
    cost = sum(line["price"] * line["count"] for line in lines)
    return {"status": "COMPLETE", "current_state": {"cost": cost}}
