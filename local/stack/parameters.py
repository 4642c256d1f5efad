"""What a template allows of its parameters: CloudFormation refuses others, and moto takes them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import DeploymentError


def require_allowed(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> None:
    """Raise DeploymentError if CloudFormation would refuse one of the parameters.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    if unknown := given.keys() - declared.keys():
        raise DeploymentError(f"the template has no parameter {', '.join(sorted(unknown))}")
    for name, value in given.items():
        parameter = declared[name]
        for constraint, holds in _HOLDS.items():
            if constraint in parameter and not holds(parameter[constraint], value):
                told = parameter.get("ConstraintDescription", f"its {constraint}")
                raise DeploymentError(f"the parameter {name} failed to satisfy constraint: {told}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # it is one of Java's that Python does not know
        return True


# Values of YAML that are no texts count as CloudFormation writes them.
_HOLDS: Final[Mapping[str, Callable[[Any, str], bool]]] = {
    "AllowedValues": lambda those, value: any(
        value == (each if isinstance(each, str) else json.dumps(each)) for each in those
    ),
    "AllowedPattern": _matches,
    "MinLength": lambda least, value: len(value) >= int(least),
    "MaxLength": lambda most, value: len(value) <= int(most),
}
