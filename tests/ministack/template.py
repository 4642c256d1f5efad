"""The template without what ministack's CloudFormation cannot make."""

import json
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

# Its alarms know no metric math and no Metrics Insights, and the dashboard shows those alarms.
_DASHBOARD = "OperationsDashboard"
_APPLICATION = "AWS::ServerlessRepo::Application"
_FILES = (
    "CodeUri",
    "ContentUri",
    "DefinitionUri",
    "DefinitionS3Location",
    "LicenseUrl",
    "ReadmeUrl",
)


def for_ministack(built: Path, directory: Path) -> Path:
    """Give a built template that ministack can deploy, beside the artefacts of the other."""
    template: dict[str, Any] = yaml_parse(built.read_text(encoding="utf-8"))
    resources = template["Resources"]
    for name in [name for name, each in resources.items() if _is_metric_math(each)]:
        del resources[name]
    del resources[_DASHBOARD]
    outputs = template["Outputs"]
    for name in [name for name, each in outputs.items() if each["Value"] == {"Ref": _DASHBOARD}]:
        del outputs[name]
    for each in (*resources.values(), {"Properties": template["Metadata"][_APPLICATION]}):
        _name_artefacts(each.get("Properties", {}), built.parent)
    target = directory / "template.json"
    target.write_text(json.dumps(template), encoding="utf-8")
    return target


def _is_metric_math(resource: dict[str, Any]) -> bool:
    alarm = resource["Type"] == "AWS::CloudWatch::Alarm"
    return alarm and "Metrics" in resource["Properties"]


def _name_artefacts(properties: dict[str, Any], directory: Path) -> None:
    for name in _FILES:
        if isinstance(properties.get(name), str):
            properties[name] = str((directory / properties[name]).resolve())
