"""Where the stack's sources are, and where what is made of them is kept."""

import os
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent
_INSTALLED = _HERE / "project"

# The sources lie beside this package in the repository, and within it where it is installed.
TEMPLATE = (_INSTALLED if _INSTALLED.is_dir() else _HERE.parent) / "template.yaml"


def cache_of(template: Path) -> Path:
    """Return the directory for what is built from a template.

    It lies beside the template, but for the installed one: nobody writes among installed packages.
    """
    if template.is_relative_to(_INSTALLED):
        return _user_cache() / "universal-sync-core"
    return template.parent / ".aws-sam" / "local"


def _user_cache() -> Path:
    """Return the user's directory for caches.

    A relative XDG_CACHE_HOME does not count.
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return chosen if chosen.is_absolute() else Path.home() / ".cache"
