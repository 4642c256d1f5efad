"""The Lambda runtime's own packages, and none other of this environment.

AWS's Python runtime brings its client and boto3; everything else a function imports must be in
its artefact or its layers. A function that runs here has proved that.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

import importlib.metadata
import re
from pathlib import Path

_ROOTS = ("awslambdaric", "boto3")


def link_packages(directory: Path) -> Path:
    """Fill a new directory with links to the runtime's packages and give it back."""
    directory.mkdir()
    pending, seen = list(_ROOTS), set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for entry in _top_level(distribution):
            link = directory / entry.name
            if not link.exists():
                link.symlink_to(entry)
        pending += _requirements(distribution)
    return directory


def _top_level(distribution: importlib.metadata.Distribution) -> set[Path]:
    """Return the packages and modules of a distribution as they lie in site-packages."""
    files = distribution.files or []
    root = Path(str(distribution.locate_file(""))).resolve()
    names = {file.parts[0] for file in files if not file.parts[0].startswith("..")}
    return {root / name for name in names if name != "__pycache__"}


def _requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    """Return the names a distribution requires, without those of its extras."""
    required = [line for line in distribution.requires or () if "extra ==" not in line]
    return [re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0] for line in required]
