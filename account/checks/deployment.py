"""Whether everything that the template asks for is there."""

from collections.abc import Iterator

from samcli.yamlhelper import yaml_parse

from account.findings import Finding

from .checked import Checked

PART = "deployment"


def check(run: Checked) -> Iterator[Finding]:
    """Look for the alarms, and for the log of the state machine."""
    template = yaml_parse(run.stack.template.read_text(encoding="utf-8"))
    wanted = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    made = run.stack.resources("AWS::CloudWatch::Alarm")
    if missing := sorted(wanted - made.keys()):
        yield Finding(
            part=PART, subject="alarms", expected="all", seen=f"without {', '.join(missing)}"
        )
    described = run.access.client("cloudwatch").describe_alarms(AlarmNames=list(made.values()))
    for alarm in described["MetricAlarms"]:
        run.report(f"alarm {alarm['AlarmName']}: {alarm['StateValue']}")
    machine = run.access.client("stepfunctions").describe_state_machine(
        stateMachineArn=run.cloud.outputs["StateMachineArn"]
    )
    level = machine.get("loggingConfiguration", {}).get("level")
    if level != "ALL":
        yield Finding(part=PART, subject="log of the machine", expected="ALL", seen=str(level))
