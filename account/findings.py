"""What an account does otherwise than was expected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference.

    Attributes:
        part: of the run that found it: `tests`, `states` or the name of a check.
        subject: what was tried.
        expected: what should have come out.
        seen: what came out.
    """

    part: str
    subject: str
    expected: str
    seen: str

    def __str__(self) -> str:
        return f"[{self.part}] {self.subject}: expected {self.expected}; saw {self.seen}"
