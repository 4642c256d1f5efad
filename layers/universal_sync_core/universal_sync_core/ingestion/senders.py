"""Who brings fields into a bag, and which of the machine's fields each may set."""

from dataclasses import dataclass
from typing import Final

from universal_sync_core.bag.execution_budget import IN_PARENT, LIMIT, USED
from universal_sync_core.bag.fields import CHAIN, REVISION
from universal_sync_core.bag.holding import HELD
from universal_sync_core.bag.left_fields import LEFT_NAMES
from universal_sync_core.bag.unit_of_work import UnitOfWork
from universal_sync_core.values.codec import JsonObject

# Fields that the machine writes. A bag keeps its own value of such a field, whatever comes in.
_BOOKKEEPING: Final = frozenset(
    {"last_update_time", "next_action", "payload_size_kb", REVISION, USED}
)
_COUNTED: Final = frozenset({"loop_counter", "segment_to_run", LIMIT})
_SNAPSHOTS: Final = frozenset({"pre_snapshot_s3_path", "post_snapshot_s3_path"})
_FORK: Final = frozenset({"branch_id", "forked_from", IN_PARENT})
_NEVER: Final = _FORK | {CHAIN, HELD} | LEFT_NAMES
_MACHINES: Final = _BOOKKEEPING | _COUNTED | _SNAPSHOTS | _FORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who brings fields into a bag, and which of the machine's fields it may set.

    Attributes:
        place: the path of its fields, for messages.
        keeps: fields of the machine that it does not set; the bag keeps its own values of them.
        never: fields that it must not bring.
        raises_limit: whether it may raise `loop_limit`.
        looks_up: whether its pointers are looked up.
        answers_bag: whether a lone field `state_data` is the bag that it made.
    """

    place: str
    keeps: frozenset[str] = _MACHINES
    never: frozenset[str] = frozenset()
    raises_limit: bool = False
    looks_up: bool = True
    answers_bag: bool = True


_RESULT: Final = Sender(place="execution_result", never=_NEVER | {"unfinished_map"})
# Without an action, the caller composes a bag.
_CALLER: Final = Sender(place="execution_result", keeps=frozenset(), raises_limit=True)
_SENDERS: Final = {
    None: _CALLER,
    "init": Sender(
        place="input",
        keeps=_MACHINES - _COUNTED,
        never=_BOOKKEEPING | (_NEVER - {CHAIN}) | {"status", "unfinished_map"},
        raises_limit=True,
        answers_bag=False,
    ),
    "merge_callback": Sender(place="callback_result", never=_RESULT.never),
    "merge_async": Sender(place="async_result", never=_RESULT.never),
    "aggregate_distributed": Sender(place="execution_result", never=_NEVER, looks_up=False),
    # What a branch says of its own id only names it in the reports.
    "aggregate_branches": Sender(place="branches", never=_RESULT.never - {"branch_id"}),
    "create_snapshot": Sender(place="snapshot", keeps=_MACHINES - _SNAPSHOTS),
}


def sender_of(unit: UnitOfWork) -> Sender:
    """Return who brings the fields of a call."""
    return _SENDERS.get(unit.action, _RESULT)


def kept_fields(bag: JsonObject, unit: UnitOfWork) -> frozenset[str]:
    """Return the fields of a bag that no delta of this call sets."""
    kept = sender_of(unit).keeps.intersection(bag)
    if "total_segments" not in bag:  # then only the workers count segments
        kept -= {"segment_to_run"}
    return kept if "forked_from" in bag else kept - _FORK
