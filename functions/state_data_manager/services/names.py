"""The names of Step Functions' SDK integrations: services, and the fields of their answers."""

import re
from functools import cache
from typing import Final

import boto3

# Services that Step Functions does not call by boto3's name without its hyphens.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_SERVICES: Final = {
    "applicationdiscovery": "discovery",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereport": "cur",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "directory": "ds",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "lexmodelbuilding": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimev2": "lexv2-runtime",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
}
# How the AWS SDK for Java splits a name into words; Step Functions uses its names.
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_WORD_ENDS: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Za-z])|[^A-Za-z0-9]+"
)


def boto3_name(service: str) -> str:
    """Return boto3's name of a service; Step Functions writes none with hyphens."""
    return _SERVICES.get(service) or _by_letters().get(service, service)


@cache
def _by_letters() -> dict[str, str]:
    names = boto3.Session().get_available_services()
    return {name.replace("-", ""): name for name in names}


def pascal_case(name: str) -> str:
    """Return a name in the form of Step Functions: `DBInstances` becomes `DbInstances`."""
    words = filter(None, _WORD_ENDS.split(name))
    return "".join(word[:1].upper() + word[1:].lower() for word in words)
