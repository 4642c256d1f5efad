"""The world outside the state machine: a person approves, and a job publishes.

A waiting state announces its callback on EventBridge, without the task token. Whoever answers
listens there and invokes the function with `submit_callback`.
"""

import hashlib
from collections.abc import Callable

from local.cloud import LocalCloud

from .oracle import Answers, Json

Approver = Callable[[Json], Json]

CALLBACK_REQUESTED = "Callback Requested"


def approve_unasked(_prompt: Json) -> Json:
    """Answer like a person who agrees."""
    return _approval(approved=True, by="make run")


def approve_on_terminal(prompt: Json) -> Json:
    """Ask the person at the terminal."""
    print(f"\n{prompt['headline']}")
    for row in prompt["largest_services"]:
        print(f"  {row['name']}: {row['count']} operations")
    answer = input(f"{prompt['question']} [y/N] ").strip().lower()
    return _approval(approved=answer in {"y", "yes"}, by="the person at the terminal")


class Outside:
    """Answers whatever the workflow waits for.

    Attributes:
        answers: the answers so far.
    """

    def __init__(self, cloud: LocalCloud, approver: Approver) -> None:
        """Answer the callbacks of this cloud; `approver` answers for a person."""
        self._cloud = cloud
        self._approver = approver
        self._answered: set[str] = set()
        self.answers = Answers()

    @property
    def declined(self) -> bool:
        """Whether the person has declined, so that no job will be requested."""
        approval = self.answers.approval
        return approval is not None and not approval["current_state"]["approval"]["approved"]

    def waiting(self) -> list[Json]:
        """Return the unanswered callbacks, each once, however often it was announced."""
        announced = {
            event["Detail"]["callback_id"]: event["Detail"]
            for event in self._cloud.events
            if event["DetailType"] == CALLBACK_REQUESTED
        }
        return [request for key, request in announced.items() if key not in self._answered]

    def answer(self, request: Json) -> None:
        """Find the answer to a request, and submit it."""
        if request["callback_type"] == "human":
            output = self.answers.approval = self._approver(request["prompt"])
        else:
            output = self.answers.publication = self._publish(request)
        self._cloud.invoke(
            {
                "action": "submit_callback",
                "callback_id": request["callback_id"],
                "execution_id": request["execution_id"],
                "outcome": "success",
                "output": output,
            }
        )
        self._answered.add(request["callback_id"])

    def _publish(self, request: Json) -> Json:
        """Do the publication job: put the page where readers find it."""
        page = request["prompt"]["page"].encode()
        digest = hashlib.sha256(page).hexdigest()
        key = f"published/{digest}.md"
        self._cloud.client("s3").put_object(
            Bucket=self._cloud.outputs["StateBucketName"],
            Key=key,
            Body=page,
            ContentType="text/markdown; charset=utf-8",
        )
        publication = {"key": key, "bytes": len(page), "sha256": digest}
        return {"current_state": {"publication": publication}}


def _approval(*, approved: bool, by: str) -> Json:
    return {"current_state": {"approval": {"approved": approved, "by": by}}}
