"""Events put on the bus can be read back, and reach their targets."""

import json

from local.cloud import LocalCloud


def _entry(detail: str) -> dict[str, str]:
    return {"Source": "tests", "DetailType": "Said", "Detail": detail}


def test_events_are_read_with_their_details(cloud: LocalCloud) -> None:
    cloud.client("events").put_events(Entries=[_entry('{"n": 1}'), _entry('{"n": 2}')])
    assert [event["Detail"] for event in cloud.events] == [{"n": 1}, {"n": 2}]


def test_refused_event_is_not_there(cloud: LocalCloud) -> None:
    before = len(cloud.events)
    answer = cloud.client("events").put_events(Entries=[_entry("no json")])
    assert answer["FailedEntryCount"] == 1
    assert len(cloud.events) == before


def test_event_reaches_the_queue_behind_a_rule(cloud: LocalCloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="said")["QueueUrl"]
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    cloud.client("events").put_rule(Name="said", EventPattern='{"source": ["tests"]}')
    target = {"Id": "said", "Arn": arn["Attributes"]["QueueArn"]}
    cloud.client("events").put_targets(Rule="said", Targets=[target])
    cloud.client("events").put_events(Entries=[_entry('{"n": 3}')])
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 3}
