"""What is masked in what is printed, by the options of the command line."""

import re
from collections.abc import Iterable

from statebag.paths import Steps, render_path
from universal_sync_core.previews.masking import Masking
from universal_sync_core.previews.secrets import MASK

__all__ = ["MASK", "Masking", "masked_path", "masking"]


def masking(patterns: Iterable[str], *, active: bool) -> Masking:
    """Return the masking of the command line's options; a bad pattern raises re.error."""
    return Masking(tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns), active)


def masked_path(steps: Steps, mask: Masking) -> str:
    """Return a path, with `***` for whatever in its keys has the form of a secret."""
    return str(mask.masked(render_path(steps)))
