"""Delivering one answer to each callback: it is claimed, and then sent until its fate is known.

Creating `answer` claims an answer. From then on, every submission sends that one, until Step
Functions has accepted it (`delivered`) or has refused it for good (`refused`), which frees the
callback for the next claim, `answer-2`. A new try of the wait, after an answer that came too late
(`expired`), frees it as well. So no two answers race: another one is claimed only after Step
Functions said that it will never accept the one before.

Step Functions closes a task with the first answer that it accepts, and replies to every later one
as if the wait had ended in another way. So each sender other than the claimant leaves a mark before
it sends (`sent`), and another one afterwards if its request was certainly not accepted (`missed`).
If all have missed, the wait has ended without this answer. If one has not, its reply was lost, and
the answer counts as delivered but not confirmed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from callbacks.objects import Marks
from services.calls import Failure
from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.storage import runtime
from universal_sync_core.values import codec
from universal_sync_core.values.codec import JsonObject

Send = Callable[[JsonObject], Failure | None]

_DELIVERED: Final = "delivered"
_EXPIRED: Final = "expired"
_MOST_CLAIMS: Final = 50
_MOST_SENDERS: Final = 20
# Waits for others that have just sent the same answer and have not yet marked the outcome.
_WAITS_SECONDS: Final = (0.0, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of an answer that was accepted.

    Attributes:
        is_new: whether it was not known before.
        is_confirmed: whether Step Functions itself confirmed it.
        is_other: whether somebody else's answer was first, and counts instead of this one.
    """

    is_new: bool
    is_confirmed: bool
    is_other: bool = False


def deliver(answer: JsonObject, marks: Marks, send: Send) -> Outcome:
    """Deliver an answer to Step Functions, or the one that was claimed before it.

    Args:
        answer: the answer to claim and send.
        marks: the marks of the callback.
        send: sends an answer to the waiting state.

    Raises:
        CallbackExpiredError: the state is no longer waiting.
        InvalidRequestError: Step Functions does not accept this answer; another one may be
            submitted.
        StoreUnavailableError, StoreThrottledError, StoreAccessDeniedError: it was not sent, or that
            is not known; repeat the call to send it.
    """
    for number in range(1, _MOST_CLAIMS + 1):
        claimed, is_own = marks.claim(_name("answer", number), answer)
        if claimed is None or (not is_own and _is_void(marks, number)):
            continue
        claim = _Claim(number=number, answer=claimed, is_own=is_own, marks=marks, send=send)
        is_same = codec.canonical(claimed) == codec.canonical(answer)
        try:
            outcome = claim.deliver()
        except _SupersededError:
            continue
        if isinstance(outcome, Failure):
            if is_same:
                raise outcome.error
            continue
        return replace(outcome, is_other=not is_same)
    message = f"callback_id: {_MOST_CLAIMS} answers to this callback were refused"
    raise InvalidRequestError(message, field="callback_id")


def is_answered(marks: Marks, *, before: int) -> bool:
    """Tell whether an earlier try of the wait has had its answer."""
    if before == 1:
        return False
    delivered = marks.read(_DELIVERED)
    return delivered is not None and bool(delivered["tries"] < before)


def _name(mark: str, number: int) -> str:
    return mark if number == 1 else f"{mark}-{number}"


def _is_void(marks: Marks, number: int) -> bool:
    """Tell whether a claim was refused, or too late for a wait that has been tried again since."""
    if marks.read(_name("refused", number)) is not None:
        return True
    expired = marks.read(_EXPIRED)
    if expired is None or number > expired["claim"]:
        return False
    return marks.is_tried_again_after(expired["tries"])


class _SupersededError(Exception):
    """This claim was refused, and a later one is delivered."""


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """The answer that counts, delivered by one submission.

    Attributes:
        is_own: whether this submission claimed it.
    """

    number: int
    answer: JsonObject
    is_own: bool
    marks: Marks
    send: Send

    def deliver(self) -> Outcome | Failure:
        """Deliver the answer, and return the outcome, or the failure if it is refused for good."""
        if not self.is_own:
            known = self._known()
            if known is not None:
                return known
        turn = self._turn
        failure = self.send(self.answer)
        if failure is None:
            return self._delivered(is_confirmed=True)
        if failure.kind == "refused":
            self.marks.claim(_name("refused", self.number), {"reason": failure.message})
            return failure
        if turn and not failure.may_have_been_taken:
            self.marks.claim(self._mark("missed", turn), {})
        if failure.kind != "gone":
            raise failure.error
        return self._after_the_end(failure)

    @cached_property
    def _turn(self) -> int:
        """The number of this submission among those that send the claim; 0 after very many."""
        if self.is_own:
            return 1
        for turn in range(2, _MOST_SENDERS + 1):
            if self.marks.claim(self._mark("sent", turn), {})[1]:
                return turn
        return 0

    def _after_the_end(self, failure: Failure) -> Outcome:
        """Return the outcome if the state accepted the answer before it ended; otherwise raise."""
        for _ in _moments():
            known = self._known()
            if known is not None:
                return known
            if self._turn and all(self._has_missed(turn) for turn in self._senders()):
                end = {"claim": self.number, "tries": self.marks.tries}
                self.marks.claim(_EXPIRED, {"reason": failure.message, **end})
                raise failure.error
        return self._delivered(is_confirmed=False)

    def _known(self) -> Outcome | None:
        """Return the outcome that an earlier submission found; raise if the wait was over."""
        delivered = self.marks.read(_DELIVERED)
        if delivered is not None and delivered.get("claim") != self.number:
            raise _SupersededError
        if delivered is not None:
            return Outcome(is_new=False, is_confirmed=delivered.get("is_confirmed") is True)
        expired = self.marks.read(_EXPIRED)
        if expired is not None and not self.marks.is_tried_again_after(expired["tries"]):
            raise Failure(kind="gone", message=expired["reason"]).error
        return None

    def _senders(self) -> Iterator[int]:
        yield 1
        for turn in range(2, _MOST_SENDERS + 1):
            if self.marks.read(self._mark("sent", turn)) is None:
                return
            yield turn

    def _has_missed(self, turn: int) -> bool:
        return self.marks.read(self._mark("missed", turn)) is not None

    def _delivered(self, *, is_confirmed: bool) -> Outcome:
        told = {"delivered_at": datetime.now(UTC).isoformat(), "is_confirmed": is_confirmed}
        told |= {"claim": self.number, "tries": self.marks.tries}
        _, is_new = self.marks.claim(_DELIVERED, told)
        return Outcome(is_new=is_new, is_confirmed=is_confirmed)

    def _mark(self, name: str, turn: int) -> str:
        return f"{_name(name, self.number)}.{turn}"


def _moments() -> Iterator[None]:
    """Yield at once, and a few more times while there is time to wait."""
    for seconds in _WAITS_SECONDS:
        if seconds >= runtime.current().seconds_left():
            return
        time.sleep(seconds)
        yield
