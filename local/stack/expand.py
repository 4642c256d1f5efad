"""AWS's own translation of the SAM template, with the state machine's definition put in place."""

import json
import re
from typing import Any

from boto3.session import Session
from mypy_boto3_s3 import S3Client
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"


def expand(
    template: dict[str, Any], parameters: dict[str, str], session: Session, s3: S3Client
) -> dict[str, Any]:
    """Return the CloudFormation template that a packaged SAM template stands for."""
    translator = Translator({}, Parser(), boto_session=session)
    expanded: dict[str, Any] = translator.translate(template, parameter_values=dict(parameters))
    for resource in expanded["Resources"].values():
        if resource["Type"] == _STATE_MACHINE:
            _inline_definition(resource["Properties"], s3)
    return expanded


def _inline_definition(properties: dict[str, Any], s3: S3Client) -> None:
    """Put the definition into the template: moto reads none from S3, and substitutes nothing."""
    location = properties.pop("DefinitionS3Location", None)
    substitutions = properties.pop("DefinitionSubstitutions", {})
    if location is not None:
        body = s3.get_object(Bucket=location["Bucket"], Key=location["Key"])["Body"].read()
        properties["DefinitionString"] = {"Fn::Join": ["", _parts(body.decode(), substitutions)]}
    elif "Definition" in properties:
        text = json.dumps(properties.pop("Definition"))
        properties["DefinitionString"] = {"Fn::Join": ["", _parts(text, substitutions)]}


def _parts(definition: str, substitutions: dict[str, Any]) -> list[Any]:
    """Cut a definition at its placeholders and put the values there."""
    pieces = re.split(r"\$\{([A-Za-z0-9]+)\}", definition)
    names = pieces[1::2]
    pieces[1::2] = [substitutions.get(name, f"${{{name}}}") for name in names]
    return pieces
