"""All benchmarks: figures beside their targets, the bill, and a plot in `benchmarks/out/`.

python -m benchmarks                  everything
python -m benchmarks fresh cost       some sections
python -m benchmarks --quick          the same on little data, to see that it works
"""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks import charts
from benchmarks.printing import console, print_heading, print_row
from benchmarks.scenarios import cost
from benchmarks.sections import SECTIONS
from benchmarks.session import QUICK, Scale, Session

OUT: Final = Path(__file__).parent / "out"
PLOT: Final = "plot"
NAMES: Final = (*SECTIONS, PLOT)


def main() -> None:
    """Run from the command line. Figures vary with the machine: none makes this fail."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="measure little, in a minute")
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="section",
        help=f"what to measure: {', '.join(NAMES)} (all)",
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.sections if name not in NAMES]
    if unknown:
        parser.error(f"there is no section {unknown[0]!r}; there are {', '.join(NAMES)}")
    with Session(QUICK if asked.quick else Scale()) as session:
        run(session, console(), asked.sections or NAMES)


def run(session: Session, out: Console, names: Collection[str]) -> None:
    """Measure the sections of those names, and print each row as it is measured."""
    for name, section in SECTIONS.items():
        if name in names:
            print_heading(out, name)
            for row in section(session):
                print_row(out, row)
    if "cost" in names:
        out.print(cost.table(*session.bill))
    if PLOT in names:
        charts.draw(*session.curves, OUT / "growth.svg", session.scale.state_sizes)
        out.print(f"The plot is in {OUT / 'growth.svg'}")


if __name__ == "__main__":
    main()
