"""What cannot run is refused when the machine is made, by state and reason."""

from typing import Any

import pytest

from local.cloud import LocalCloud
from local.errors import LocalCloudError

END = {"Type": "Pass", "End": True}
EXPRESS = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


def asks(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True, **fields}


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ({"A": asks("http:invoke")}, r"'A': .*does not know the service http; give it a mock"),
        ({"A": asks("elasticmapreduce:addStep.sync")}, r"'A': .*elasticmapreduce; give it a mock"),
        ({"A": asks("athena:startQueryExecution.sync")}, r"'A': .*cannot wait for \.sync"),
        ({"A": asks("sqs:sendMessage.sync")}, r"'A': .*cannot wait for arn:aws:states:::sqs:send"),
        ({"A": asks("aws-sdk:nowhere:do")}, r"'A': boto3 does not know the service nowhere"),
        ({"A": asks("aws-sdk:s3:listEverything")}, r"'A': .*s3 has no operation listEverything"),
        ({"A": {**END, "Next": "B"}}, r"'A' goes on to 'B', which is not a state"),
        ({"A": END, "B": END}, r"'B' is never reached"),
        ({"A": END, "QueryLanguage": "JSONata"}, r"'QueryLanguage' .* is str, not a state"),
        ({"A": {"Type": "Tusk", "End": True}}, r"'A': .*Tusk"),
        ({"A": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "B", "States": {}}}},
         r"the ItemProcessor of 'A' starts with 'B', which is not a state of it"),
        ({"A": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "B", "States": {"B": {**END, "Resutl": 1}}}]}}, r"'B': .*Resutl"),
        ({"A": {"Type": "Pass"}}, r"'A': it has neither Next nor End"),
        ({"A": {**END, "Retry": [{"ErrorEquals": ["X"]}]}}, r"'A': a Pass has no Retry"),
        ({"A": {"Type": "Choice", "Default": "A", "Choices": [], "Catch": []}},
         r"'A': a Choice has no Catch"),
        ({"A": {**END, "Next": "n" * 81}, "n" * 81: END}, r"name has 81 characters, not 1 to 80"),
        ({"A": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "B", "States": {"B": END}}, {"StartAt": "B", "States": {"B": END}}]}},
         r"2 states are named 'B'"),
        ({"A": {**END, "Assign": {"a-b.$": "$.x"}}}, r"'A': Assign names a variable 'a-b'"),
        ({"A": {**END, "Assign": {"states": 1}}}, r"'A': Assign names a variable 'states'"),
        ({"A": asks("sqs:sendMessage", Catch=[
            {"ErrorEquals": ["X"], "Assign": {"v" * 81: 1}, "Next": "A"}])},
         r"'A': Assign names a variable 'v{81}'"),
        ({"A": {"Type": "Map", "End": True, "ToleratedFailurePercentage": 101,
          "ItemProcessor": {"ProcessorConfig": EXPRESS, "StartAt": "B", "States": {"B": END}}}},
         r"'A': ToleratedFailurePercentage is 101, not 0 to 100"),
        ({"A": {"Type": "Map", "End": True, "ItemProcessor": {"ProcessorConfig": EXPRESS,
          "StartAt": "B", "States": {"B": asks("sqs:sendMessage.waitForTaskToken")}}}},
         r"'B': .*waitForTaskToken waits, which a child of the type EXPRESS cannot do"),
        ({"A": asks("sqs:sendMessage", Retry=[
            {"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["States.Timeout"]}])},
         r"'A': States\.ALL is in Retry before its last element"),
        ({"A": {**END, "Parameters": {"o": [{"id.$": "order.id"}]}}},
         r"'A': id\.\$ is 'order\.id', which is neither a JSONPath nor an intrinsic"),
        ({"A": {**END, "Parameters": {"a.$": "States.Sum($.a)"}}},
         r"'A': States\.Sum\(\$\.a\) calls no intrinsic function"),
        ({"A": {**END, "Parameters": {"a.$": "States.MathAdd($.a)"}}},
         r"'A': States\.MathAdd\(\$\.a\) calls .* not with the arguments that it takes"),
        ({"A": {"Type": "Choice", "Choices": "RULES", "Default": "A"}}, r"'A': .*RULES"),
        ({"A": {"Type": "Map", "End": True, "ItemBatcher": {"MaxItemsPerBatch": 2},
          "ItemProcessor": {"StartAt": "B", "States": {"B": END}}}},
         r"'A': ItemBatcher is of a Map in the mode DISTRIBUTED"),
        ({"A": {"Type": "Map", "End": True, "ItemBatcher": {"BatchInput": {"a": 1}},
          "ItemProcessor": {"ProcessorConfig": EXPRESS, "StartAt": "B", "States": {"B": END}}}},
         r"'A': ItemBatcher has neither MaxItemsPerBatch nor MaxInputBytesPerBatch"),
        ({"A": {**END, "QueryLanguage": "JSONata", "Output": "{% $states. %}"}},
         r"'A': the expression .* is not valid JSONata"),
        ({"A": {**END, "QueryLanguage": "JSONata", "Output": ["{% $eval ('1') %}"]}},
         r"'A': the expression .* calls \$eval"),
    ],
)  # fmt: skip
def test_machine_that_cannot_run_is_refused_by_state(
    cloud: LocalCloud, states: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LocalCloudError, match=reason):
        cloud.create_state_machine("wrong", {"StartAt": "A", "States": states})


def test_every_state_that_cannot_run_is_named(cloud: LocalCloud) -> None:
    states = {"A": {**asks("http:invoke"), "Next": "B"}, "B": asks("aws-sdk:nowhere:do")}
    states["A"].pop("End")
    with pytest.raises(LocalCloudError, match=r"(?s)'A'.*'B'"):
        cloud.create_state_machine("wrong", {"StartAt": "A", "States": states})


def test_mock_lets_a_state_run_that_could_not(cloud: LocalCloud) -> None:
    states = {"A": asks("http:invoke", Parameters={"Method": "GET"})}
    mocks = {"A": {"result": {"StatusCode": 200}}}
    machine = {"StartAt": "A", "States": states}
    arn = cloud.create_state_machine("mocked", machine, mocks=mocks)
    assert cloud.start_execution({}, state_machine_arn=arn).wait(30).output == {"StatusCode": 200}


def test_definition_that_is_refused_says_nothing_about_the_next_one(cloud: LocalCloud) -> None:
    wrong = {**END, "QueryLanguage": "JSONata", "ResultPath": "$.a"}
    with pytest.raises(LocalCloudError, match="ResultPath"):
        cloud.create_state_machine("wrong", {"StartAt": "A", "States": {"A": wrong}})
    arn = cloud.create_state_machine("right", {"StartAt": "A", "States": {"A": END}})
    assert cloud.start_execution({}, state_machine_arn=arn).wait(30).status == "SUCCEEDED"
