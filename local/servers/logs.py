"""Where the cloud's own log lines go: files, never the user's terminal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LEVELS = {
    "moto": logging.WARNING,
    # It logs the failures of executions with all their data; they are in the histories as well.
    "moto.stepfunctions": logging.CRITICAL,
    "samtranslator": logging.ERROR,
    # It logs each request at INFO.
    "werkzeug": logging.WARNING,
}


@contextmanager
def to_file(path: Path) -> Iterator[None]:
    """Send the log lines of moto and its server to a file, for as long as the context lasts."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in _LEVELS]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(_LEVELS[logger.name])
        logger.propagate = False
    try:
        yield
    finally:
        for logger, level, propagate in before:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        handler.close()
