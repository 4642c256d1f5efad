"""The names of Step Functions' SDK integrations: services, and the fields of their answers."""

import re
from typing import Final

# Of services whose name in a resource of Step Functions is not the one that boto3 has for them.
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
# As the AWS SDK for Java tells the words of a name apart, by whose names Step Functions goes.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_WORD_ENDS: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Za-z])|[^A-Za-z0-9]+"
)


def boto3_name(service: str) -> str:
    """Return what boto3 calls a service."""
    return _SERVICES.get(service, service)


def pascal_case(name: str) -> str:
    """Return a name as Step Functions writes it: `DBInstances` is `DbInstances`."""
    words = filter(None, _WORD_ENDS.split(name))
    return "".join(word[:1].upper() + word[1:].lower() for word in words)
