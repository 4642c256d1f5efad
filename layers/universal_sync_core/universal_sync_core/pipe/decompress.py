"""Values that were compressed for the bag, given back."""

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.storage import runtime
from universal_sync_core.values.budget import Budget, Cost
from universal_sync_core.values.codec import INLINE, Json
from universal_sync_core.values.compression import expand, expanded_text, is_compressed
from universal_sync_core.values.pointer import unescape


def decompress(compressed_data: Json) -> Json:
    """Return the value in compressed data: in a compressed value, or in its gzip+base64 text alone.

    Keys that were escaped on their way into the bag get their own names back.

    Raises:
        InvalidRequestError: the data is neither of them.
        UnreadableObjectError: it is damaged, or expands past 16 MiB.
        StateTooLargeError: the value is larger than the budget of a call.
    """
    budget = Budget.of(runtime.current().settings)
    if is_compressed(compressed_data):
        return unescape(expand(compressed_data, budget).value)
    if type(compressed_data) is not str:
        message = "compressed_data must be gzip+base64 text or a compressed value"
        raise InvalidRequestError(message, field="compressed_data")
    encoded = expanded_text(compressed_data)
    budget.spend(Cost(len(encoded)), INLINE)
    return unescape(budget.decode(encoded, INLINE))
