"""The logs of the AWS SDK: below INFO they contain its requests, with state and credentials."""

import logging
from typing import Final

_LOGGERS: Final = ("boto3", "botocore", "s3transfer", "urllib3")


def keep_requests_out() -> None:
    """Keep the SDK's requests out of every log, whatever the level of the root logger.

    Lambda sets the root logger to the level that a function is configured with, and the SDK's
    loggers follow it unless they have a level of their own.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.WARNING)
