"""What the intrinsic functions of an expanded template stand for, in an account of its own."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

ACCOUNT: Final = "123456789012"
STACK: Final = "universal-sync-core"
_REFERENCE: Final = re.compile(r"\$\{([\w.:]+)\}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stack is.

    Attributes:
        region: of a partition.
    """

    partition: str = "aws"
    region: str = "us-east-1"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something of the account in the region."""
        account = "" if service == "s3" else ACCOUNT
        region = "" if service in ("s3", "iam") else self.region
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Works out parts of a template.

    Attributes:
        template: as CloudFormation gets it.
        parameters: with the defaults of those that are not given.
    """

    template: dict[str, Any]
    parameters: dict[str, str]
    place: Place
    _pseudo: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        pseudo = {
            "AWS::NoValue": None,
            "AWS::Partition": self.place.partition,
            "AWS::Region": self.place.region,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": STACK,
        }
        object.__setattr__(self, "_pseudo", pseudo)

    def resources(self, resource_type: str) -> dict[str, Any]:
        """Return the properties of the resources of a type that are made, by logical id."""
        return {
            name: self.value(each.get("Properties", {}))
            for name, each in self.template["Resources"].items()
            if each["Type"] == resource_type and self.holds(each.get("Condition"))
        }

    def holds(self, condition: str | None) -> bool:
        """Tell whether a condition of the template holds."""
        return condition is None or bool(self.value(self.template["Conditions"][condition]))

    def value(self, node: Any) -> Any:
        """Return a part with its functions worked out; what has no value is left out."""
        if isinstance(node, list):
            return [found for each in node if (found := self.value(each)) is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
        found = {key: self.value(each) for key, each in node.items()}
        return {key: each for key, each in found.items() if each is not None}

    def named(self, name: str) -> Any:
        """Return what a `Ref` stands for."""
        if name in self._pseudo:
            return self._pseudo[name]
        return self.parameters[name] if name in self.parameters else self._physical(name)

    def attribute(self, name: str, attribute: str) -> str:
        """Return what a `Fn::GetAtt` stands for."""
        if attribute != "Arn":
            return f"{name}-{attribute}"
        kind = self._type(name)
        service, resource = _ARNS[kind]
        arn = self.place.arn(service, resource.format(self._physical(name)))
        return f"{arn}:*" if kind == "AWS::Logs::LogGroup" else arn

    def _type(self, name: str) -> str:
        return str(self.template["Resources"][name]["Type"])

    def _physical(self, name: str) -> str:
        """Return the id of a resource: the name it is given, or one that is made of its own."""
        resource = self.template["Resources"][name]
        properties = resource.get("Properties", {})
        given = next((properties[each] for each in _NAMED if each in properties), None)
        physical = f"{STACK}-{name.lower()}" if given is None else str(self.value(given))
        kind = resource["Type"]
        if kind == "AWS::Lambda::Alias":
            function = self.value(properties["FunctionName"])
            return self.place.arn("lambda", f"function:{function}:{properties['Name']}")
        if kind == "AWS::StepFunctions::StateMachine":
            return self.place.arn("states", f"stateMachine:{physical}")
        return physical

    def substituted(self, given: Any) -> str:
        """Return what a `Fn::Sub` of a text, or of a text and values for it, stands for."""
        text, own = given if isinstance(given, list) else (given, {})

        def found(match: re.Match[str]) -> str:
            name, dot, attribute = match[1].partition(".")
            if name in own:
                return str(self.value(own[name]))
            return str(self.attribute(name, attribute) if dot else self.named(name))

        return _REFERENCE.sub(found, text)


_NAMED: Final = ("FunctionName", "StateMachineName", "LogGroupName", "RoleName")
_ARNS: Final = {
    "AWS::S3::Bucket": ("s3", "{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
}
_FUNCTIONS: Final[dict[str, Any]] = {
    "Ref": lambda to, name: to.named(name),
    "Fn::GetAtt": lambda to, names: to.attribute(names[0], names[1]),
    "Fn::Sub": lambda to, text: to.substituted(text),
    "Fn::If": lambda to, parts: to.value(parts[1] if to.holds(parts[0]) else parts[2]),
    "Fn::Join": lambda to, parts: parts[0].join(to.value(parts[1])),
    "Fn::Split": lambda to, parts: to.value(parts[1]).split(parts[0]),
    "Fn::Equals": lambda to, parts: to.value(parts[0]) == to.value(parts[1]),
    "Fn::Not": lambda to, parts: not to.value(parts)[0],
    "Fn::And": lambda to, parts: all(to.value(parts)),
    "Fn::Or": lambda to, parts: any(to.value(parts)),
    "Condition": lambda to, name: to.holds(name),
}
