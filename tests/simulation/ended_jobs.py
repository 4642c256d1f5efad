"""Jobs that do not call back: the event of their end, and what a workflow is told of it."""

from typing import Any

from tests.simulation.comparing import Plain
from tests.simulation.containers import Product
from tests.simulation.world import World


def event(world: World, job: str) -> Plain:
    """Return the event of the end of a job."""
    state = world.draw.choice(("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED"))
    return {
        "source": "aws.glue",
        "detail-type": "Glue Job State Change",
        "time": world.clock.wall.isoformat(),
        "detail": {"jobRunId": job, "jobName": "nightly", "state": state, "message": "why"},
    }


def answer(told: Plain) -> Plain:
    """Return what the state that waits is answered."""
    detail = told["detail"]
    job, state = detail["jobRunId"], detail["state"]
    if state != "SUCCEEDED":
        cause = f"The job {job} of aws.glue has ended as {state}. why"
        return {"error": f"Job.{state}", "cause": cause}
    result = {"job": job, "source": "aws.glue", "state": state, "ended_at": told["time"]}
    return {"output": {"job_result": {**result, "detail": {"jobName": "nightly"}}}}


def tell(world: World, told: Plain) -> None:
    """Let the rule bring the event."""
    world.attempt("job_ended", {"action": "job_ended", "event": told}, _handled)


def _handled(product: Product, told: Any, context: Any) -> Any:
    return product.job_handler(told, context)
