"""Machines in public shapes that read tables, write them, and send to others."""

from typing import Any, Final

from tests.machines.building import INVOKE, Fields, machine, mapping, service, task
from tests.machines.outcomes.case import PAD, SENT, Case, answer

QUOTES: Final = Case(
    definition=machine(
        {
            "Quotes": mapping(
                machine(
                    {
                        "Quote": {
                            "Type": "Task",
                            "Resource": INVOKE,
                            "Parameters": {
                                "FunctionName.$": "$.provider",
                                "Payload": {"wanted.$": "$.wanted"},
                            },
                            "OutputPath": "$.Payload",
                            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                            "End": True,
                        },
                        "Failed": {"Type": "Pass", "Parameters": {"quote.$": "$"}},
                    }
                ),
                ItemsPath="$.providers",
                ItemSelector={"wanted.$": "$.wanted", "provider.$": "$$.Map.Item.Value"},
                ResultSelector={"id": "r", "quotes.$": "$"},
                ResultPath="$",
            ),
            "Keep": service(
                "dynamodb:putItem",
                {
                    "TableName": "quotes",
                    "Item": {
                        "id": {"S.$": "$.id"},
                        "quotes": {"S.$": "States.JsonToString($.quotes)"},
                    },
                },
            ),
        }
    ),
    mocks={"Quote": answer({"quote": 1, "terms": PAD}), "Keep": SENT},
    decorated=("Quote",),
    input={"wanted": "a car", "providers": ["one", "two", "three"]},
)

PRODUCT: Final = {"Product": "p", "At": "now", "Event": "received", "Updated": "u" * 50_000}
EVENT_STORE: Final = Case(
    definition=machine(
        {
            "Validate": task("validate", OutputPath="$.Payload.detail"),
            "Which?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.event.kind", "StringEquals": kind, "Next": kind}
                    for kind in ("received", "shipped")
                ],
                "Default": "Unknown",
            },
            "received": task("received", OutputPath="$.Payload", Next="Store"),
            "shipped": task("shipped", OutputPath="$.Payload", Next="Store"),
            "Store": service(
                "dynamodb:putItem",
                {
                    "TableName": "events",
                    "Item": {
                        key: {"S.$": f"$.{key}"} for key in ("Product", "At", "Event", "Updated")
                    },
                },
                End=True,
            ),
            "Unknown": {"Type": "Fail", "Error": "Unknown"},
        }
    ),
    mocks={
        "Validate": lambda given: {"Payload": {"detail": {**given["Payload"], "checked": True}}},
        "received": answer(PRODUCT),
        "shipped": answer(PRODUCT),
        "Store": SENT,
    },
    decorated=("Validate", "received", "shipped"),
    input={"event": {"kind": "received", "body": PAD}},
)

LOOP: Final = Case(
    definition=machine(
        {
            "Seed": task("seed", ResultPath="$.list", ResultSelector={"l.$": "$.Payload"}),
            "Unwrap": {"Type": "Pass", "Parameters": {"list.$": "$.list.l"}},
            "More?": {
                "Type": "Choice",
                "Choices": [
                    {"Not": {"Variable": "$.list[0]", "StringEquals": "DONE"}, "Next": "Read"}
                ],
                "Default": "Done",
            },
            "Read": service(
                "dynamodb:getItem",
                {"TableName": "t", "Key": {"id": {"S.$": "$.list[0]"}}},
                ResultPath="$.row",
            ),
            "Send": service(
                "sqs:sendMessage",
                {"QueueUrl": "q", "MessageBody.$": "$.row.Item.Message.S"},
                ResultPath="$.sent",
            ),
            "Pop": {"Type": "Pass", "Parameters": {"list.$": "$.list[1:]"}, "Next": "More?"},
            "Done": {"Type": "Succeed"},
        }
    ),
    mocks={
        "Seed": answer(["a", "b", "c", "DONE"]),
        "Read": {"result": {"Item": {"Message": {"S": PAD}}}},
        "Send": SENT,
    },
    decorated=("Seed",),
    inflate=False,
)

MARSHALLED: Final = {
    "M": {"id": {"S.$": "$.id"}, "quantity": {"N.$": "States.JsonToString($.quantity)"}}
}


def asking(query: str, then: str, **parameters: Any) -> Fields:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": f"${{{query}}}", **parameters},
        "ResultSelector": {"status.$": "$.Payload.status", "body.$": "$.Payload.body"},
        "ResultPath": "$.answer",
        "Next": then,
    }


def event(kind: str, detail: Fields) -> Fields:
    entry = {"Detail": detail, "DetailType": kind, "EventBusName": "bus", "Source": "orders"}
    return service("events:putEvents", {"Entries": [entry]}, End=True)


def answering(**detail: str) -> Fields:
    return event(
        "queryAnswer", {"query.$": "$.detail.query", "result.$": "$.answer.body", **detail}
    )


# Commands write a table, queries answer reports: one machine of eleven states.
COMMANDS_AND_QUERIES: Final = machine(
    {
        "Command or query?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.type", "StringEquals": "command", "Next": "Each item"},
                {"Variable": "$.type", "StringEquals": "query", "Next": "Which query?"},
            ],
            "Default": "Unknown",
        },
        "Which query?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.detail.query", "StringEquals": query, "Next": f"Ask {query}"}
                for query in ("sales", "months")
            ],
            "Default": "Unknown",
        },
        "Ask sales": asking("Sales", "Send sales"),
        "Send sales": answering(**{"status.$": "$.answer.status"}),
        "Ask months": asking("Months", "Send months", Payload={"id.$": "$.detail.id"}),
        "Send months": answering(**{"id.$": "$.detail.id"}),
        "Each item": mapping(
            machine({"Marshall": {"Type": "Pass", "Parameters": MARSHALLED}}),
            ItemsPath="$.detail.items",
            ResultPath="$.detail.marshalled",
        ),
        "Store": service(
            "dynamodb:putItem",
            {
                "TableName": "orders",
                "Item": {
                    "id": {"S.$": "$.detail.id"},
                    "items": {"L.$": "$.detail.marshalled"},
                    "status": {"S.$": "$.detail.command"},
                },
            },
            ResultSelector={"code.$": "$.SdkHttpMetadata.HttpStatusCode"},
            ResultPath="$.stored",
        ),
        "Confirm": event("commandAnswer", {"id.$": "$.detail.id", "status": "created"}),
        "Unknown": {"Type": "Fail", "Error": "Unknown"},
    }
)
ITEMS: Final = [{"id": f"{n:01000}", "quantity": n} for n in range(100)]
STORED: Final = {"result": {"SdkHttpMetadata": {"HttpStatusCode": 200}}}
ORDER: Final = Case(
    definition=COMMANDS_AND_QUERIES,
    mocks={"Store": STORED, "Confirm": SENT},
    decorated=("Ask sales", "Ask months"),
    input={"type": "command", "detail": {"id": "o", "command": "create", "items": ITEMS}},
    items=100,
)
REPORT: Final = Case(
    definition=COMMANDS_AND_QUERIES,
    mocks={
        "Ask sales": answer({"status": 200, "body": "s" * 20_000}),
        "Send sales": SENT,
    },
    decorated=("Ask sales", "Ask months"),
    input={"type": "query", "detail": {"query": "sales"}},
)
