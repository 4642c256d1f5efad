"""What Lambda's own runtime writes where this package would refuse a value.

A handler that is decorated with `large_payloads` may have answered such values before, above all
the numbers that boto3 reads from DynamoDB.
https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_marshaller.py
"""

import json
from typing import Any

from universal_sync_core.errors import InvalidRequestError, UnreadableObjectError
from universal_sync_core.values.codec import Json, decode


def as_lambda_sends(result: Any) -> Any:
    """Return what a handler returned; bytes are its answer in JSON, which Lambda sends unread.

    Raises:
        InvalidRequestError: they are not JSON.
    """
    if not isinstance(result, bytes):
        return result
    try:
        return decode(result)
    except UnreadableObjectError as error:
        message = "result: Lambda sends bytes as they are, and these are not JSON"
        raise InvalidRequestError(message, field="result") from error


def as_lambda_writes(value: object) -> Json:
    """Return a Decimal as the number that is read from its digits, and bytes as text in UTF-8.

    Raises:
        TypeError: Lambda refuses the value as well, or writes what is not JSON.
    """
    from decimal import Decimal  # noqa: PLC0415 - few handlers answer one

    if isinstance(value, Decimal) and value.is_finite():
        return json.loads(str(value))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise TypeError("bytes that are not text") from None
    raise TypeError(type(value).__name__)
