"""`python -m tests.hostile`: send a corpus and print what came of it as JSON.

It runs in a process of its own, of the memory that the function has, so that a value that takes
more ends it.
"""

import argparse
import json
import os
import resource
import signal

os.environ.update(POWERTOOLS_METRICS_DISABLED="true", POWERTOOLS_TRACE_DISABLED="true")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "hostile")

GIB = 1024**3


def main() -> None:
    """Send the corpus that the command line asks for."""
    parser = argparse.ArgumentParser(description="Send hostile values through every action.")
    parser.add_argument("--count", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of '<number> <attempt> <kind>'")
    parser.add_argument("--seconds", type=int, default=300, help="for all of it")
    parser.add_argument("--fault", default="", help="plant a fault first, by its name")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (2 * GIB, 2 * GIB))
    signal.alarm(options.seconds)

    from tests.hostile import corpus, faults  # noqa: PLC0415 - after the environment is set

    if options.fault:
        faults.plant(options.fault)
    report = corpus.send_all(
        options.count, options.seed, options.only, until_wrong=bool(options.fault)
    )
    print(json.dumps(report.told()))  # noqa: T201


if __name__ == "__main__":
    main()
