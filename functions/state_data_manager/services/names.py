"""The names of Step Functions' SDK integrations: services, and the fields of their answers."""

import re
from typing import Final

# Services whose name in a Resource of Step Functions differs from boto3's name.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_SERVICES: Final = {
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
# How the AWS SDK for Java splits a name into words; Step Functions uses its names.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_WORD_ENDS: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Za-z])|[^A-Za-z0-9]+"
)


def boto3_name(service: str) -> str:
    """Return boto3's name of a service."""
    return _SERVICES.get(service, service)


def pascal_case(name: str) -> str:
    """Return a name in the form of Step Functions: `DBInstances` becomes `DbInstances`."""
    words = filter(None, _WORD_ENDS.split(name))
    return "".join(word[:1].upper() + word[1:].lower() for word in words)
