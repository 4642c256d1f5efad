"""What AWS allows: sizes, counts and names, each with its source.

A quota that AWS raises is one line here.
"""

import re
from functools import lru_cache
from typing import Final

KIB: Final = 1024

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
STEP_FUNCTIONS_PAYLOAD_BYTES: Final = 262_144
STEP_FUNCTIONS_HISTORY_EVENTS: Final = 25_000
STEP_FUNCTIONS_EXECUTION_SECONDS: Final = 31_536_000
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MOST_KEY_BYTES: Final = 1_024

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Names that no bucket can have, or that nothing can be written to. An access point's alias, which
# ends in -s3alias, stands for a bucket in every request that is made here.
_NO_BUCKET: Final = re.compile(
    r"\d+(?:\.\d+){3}|.*\.\..*|(?:xn--|sthree-|amzn-s3-demo-).*|.*(?:\.mrap|--ol-s3|--table-s3)"
)
# S3 takes them literally, a proxy or another server may not.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_RELATIVE: Final = re.compile(r"(?:^|/)\.\.?(?:/|$)")


@lru_cache(maxsize=16)
def is_bucket(name: str) -> bool:
    """Tell whether S3 may have a bucket of that name, or an access point of that alias."""
    return _BUCKET.fullmatch(name) is not None and _NO_BUCKET.fullmatch(name) is None


def is_relative(key: str) -> bool:
    """Tell whether a segment of a key is `.` or `..`."""
    return _RELATIVE.search(key) is not None
