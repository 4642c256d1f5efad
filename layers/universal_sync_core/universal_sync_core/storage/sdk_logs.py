"""The logs of the AWS SDK, which below INFO hold its requests: state, tokens and credentials."""

import logging
from typing import Final

_LOGGERS: Final = ("boto3", "botocore", "s3transfer", "urllib3")


def keep_requests_out() -> None:
    """Keep what the SDK logs of its requests out of every log, whatever the root logger's level.

    Lambda sets the root logger to the level that a function is configured with. The SDK's own
    loggers then follow it, unless they have a level of their own.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.WARNING)
