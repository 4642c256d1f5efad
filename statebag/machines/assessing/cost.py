"""What the states that would be inserted cost, each time that they are passed."""

from dataclasses import dataclass
from functools import reduce

from statebag.account.pricing import Prices
from statebag.machines.flow.bounds import Assumptions
from statebag.machines.flow.order import has_loop
from statebag.machines.model.states import Scope
from statebag.machines.planning.plan import Plan
from universal_sync_core.values.codec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What offload states add to one execution, at most.

    Each pass is a state transition, an invocation and, where something leaves, a write to S3.

    Attributes:
        passes: how often one of them is passed, those in Maps for each item.
        is_looping: whether one stands on a loop, and is passed on each round.
    """

    passes: int
    is_looping: bool

    @property
    def usd_per_1000(self) -> float:
        """List price of 1,000 executions, without the function's time."""
        prices = Prices()
        invocation = prices.lambda_requests_per_1000000 / 1000
        return self.passes * (prices.transitions_per_1000 + invocation + prices.s3_put_per_1000)

    def to_json(self) -> dict[str, Json]:
        """Return it for a program."""
        return {
            "passes": self.passes,
            "looping": self.is_looping,
            "usd_per_1000_executions": round(self.usd_per_1000, 4),
        }


def cost_of(plan: Plan, assumed: Assumptions) -> Cost:
    """Return what the insertions of a plan cost."""
    scopes = [plan.machine.scope_of(state) for state in plan.before] + list(plan.ends)
    passes = sum(_times(plan.machine, scope, assumed) for scope in scopes)
    return Cost(passes=passes, is_looping=any(map(has_loop, scopes)))


def _times(machine: Scope, scope: Scope, assumed: Assumptions) -> int:
    """Return how often a scope is run: for each item of the Maps around it."""
    around = (
        assumed.items_of(state)
        for state in machine.walk()
        if state.fan and state.fan.is_map and scope.path[: len(state.path)] == state.path
    )
    return reduce(lambda product, items: product * items, around, 1)
