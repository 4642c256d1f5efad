"""Every action, with a hostile value in each place that takes one."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from statebag.output.masking import masking
from tests.hostile.attempts import Act, Bag, attempt
from tests.hostile.ground import ATTACKER, BUCKET, Ground
from tests.hostile.pieces import Piece
from universal_sync_core.storage.store import Location, StoredObject


def _merging(action: str, argument: str) -> None:
    """Register the places of a result in an action that merges one."""

    def sent(wrap: Callable[[Any], Any]) -> Callable[[Act, Bag, Piece, Ground], Bag]:
        def send(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
            event = {"action": action, "state_data": bag, argument: wrap(piece.value)}
            answer: Bag = act(event)["state_data"]
            return answer

        return send

    attempt(f"{action}: a field", lambda bag: bag["k"])(sent(lambda v: {"k": v}))
    attempt(f"{action}: in the state", lambda bag: bag["current_state"]["k"])(
        sent(lambda v: {"current_state": {"k": v}})
    )
    attempt(f"{action}: in a list that grows", lambda bag: bag["chunk_results"][-1])(
        sent(lambda v: {"chunk_results": [v]})
    )
    attempt(f"{action}: in the history", lambda bag: bag["state_history"][-1]["e"])(
        sent(lambda v: {"state_history": [{"e": v}]})
    )
    attempt(f"{action}: the result itself")(sent(lambda v: v))


for _action, _argument in (
    ("sync", "execution_result"),
    ("sync_branch", "execution_result"),
    ("update_and_compress", "execution_result"),
    ("merge_callback", "callback_result"),
    ("merge_async", "async_result"),
):
    _merging(_action, _argument)


@attempt("init: the input", lambda bag: bag["k"])
def _init(act: Act, _bag: Bag, piece: Piece, _: Ground) -> Bag:
    event = {"action": "init", "execution_id": ATTACKER, "input": {"k": piece.value}}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("init: a part of the state", lambda bag: bag["current_state"]["k"])
def _init_state(act: Act, _bag: Bag, piece: Piece, _: Ground) -> Bag:
    given = {"current_state": {"k": piece.value}, "segments": [piece.value]}
    answer: Bag = act({"action": "init", "execution_id": ATTACKER, "input": given})["state_data"]
    return answer


@attempt("init: an object of the input", lambda bag: bag["k"])
def _init_object(act: Act, _bag: Bag, piece: Piece, ground: Ground) -> Bag:
    body = json.dumps({"k": piece.value}).encode()
    location = Location(BUCKET, f"inputs/{hashlib.sha256(body).hexdigest()}.json")
    ground.store.objects[location] = StoredObject(body)
    given = {"input_s3_path": str(location)}
    answer: Bag = act({"action": "init", "execution_id": ATTACKER, "input": given})["state_data"]
    return answer


@attempt("init: what to go on from")
def _resume(act: Act, _bag: Bag, piece: Piece, ground: Ground) -> Bag:
    paths = [part["__s3_path"] for part in ground.foreign]
    given = {"resume_from": piece.value if piece.kind == "ordinary" else paths[0], "k": piece.value}
    answer: Bag = act({"action": "init", "execution_id": ATTACKER, "input": given})["state_data"]
    return answer


@attempt(
    "aggregate_distributed: an output", lambda bag: bag["distributed_outputs"][0], looks_up=False
)
def _outputs(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
    outputs = [piece.value, 1]
    event = {"action": "aggregate_distributed", "state_data": bag, "execution_result": outputs}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("aggregate_distributed: a manifest")
def _manifest(act: Act, bag: Bag, piece: Piece, ground: Ground) -> Bag:
    folder = f"distributed/attacker/{len(ground.store.objects)}/"
    output = json.dumps(piece.value)
    records = [
        {"Input": '{"item":1,"index":0}', "Output": output, "Status": "SUCCEEDED", "Name": "n"}
    ]
    files = {"SUCCEEDED": [{"Key": f"{folder}SUCCEEDED_0.json"}], "FAILED": [], "PENDING": []}
    for name, content in (
        ("SUCCEEDED_0.json", records),
        ("manifest.json", {"DestinationBucket": BUCKET, "ResultFiles": files}),
    ):
        ground.store.objects[Location(BUCKET, folder + name)] = StoredObject(
            json.dumps(content).encode()
        )
    details = {"Bucket": BUCKET, "Key": f"{folder}manifest.json"}
    result = {"MapRunArn": "arn:x", "ResultWriterDetails": details}
    event = {"action": "aggregate_distributed", "state_data": bag, "execution_result": result}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("aggregate_distributed: the details")
def _details(act: Act, bag: Bag, piece: Piece, ground: Ground) -> Bag:
    details = {"Bucket": BUCKET, "Key": ground.manifests[0], "more": piece.value}
    result = {"ResultWriterDetails": piece.value if piece.kind != "wide" else details}
    event = {"action": "aggregate_distributed", "state_data": bag, "execution_result": result}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("aggregate_branches: a branch")
def _branches(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
    branches = [{"current_state": {"k": piece.value}}, piece.value]
    event = {"action": "aggregate_branches", "state_data": bag, "branches": branches}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("aggregate_branches: a path")
def _branch_path(act: Act, bag: Bag, piece: Piece, ground: Ground) -> Bag:
    value = piece.value
    path = value["__s3_path"] if isinstance(value, dict) and "__s3_path" in value else value
    branches = [{"s3_path": path, "branch_id": value}, {"s3_path": ground.foreign[1]["__s3_path"]}]
    event = {"action": "aggregate_branches", "state_data": bag, "branches": branches}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("fork_branch and back")
def _fork(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
    asked = {"status": "PARALLEL_GROUP", "pending_branches": [piece.value, {"branch_id": "b"}]}
    parent = act({"action": "sync", "state_data": bag, "execution_result": asked})["state_data"]
    ends = []
    for branch in parent["pending_branches"]:
        own = act({"action": "fork_branch", "state_data": parent, "branch": branch})["state_data"]
        result = {"current_state": {"k": piece.value}}
        own = act({"action": "sync_branch", "state_data": own, "execution_result": result})
        ends.append(act({"action": "complete_branch", "state_data": own["state_data"]})["branch"])
    event = {"action": "aggregate_branches", "state_data": parent, "branches": ends}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("stage_items: the items")
def _stage(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    asked = {"status": "DISTRIBUTED_MAP", "distributed_items": [piece.value, 1]}
    after = act({"action": "sync", "state_data": bag, "execution_result": asked})["state_data"]
    act({"action": "stage_items", "state_data": after})
    act({"action": "stage_items", "state_data": bag | {"distributed_items": piece.value}})


@attempt("store_result: a result", lambda bag: bag["k"])
def _store_result(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
    event = {"action": "store_result", "execution_id": ATTACKER, "execution_result": piece.value}
    stored = act(event)["result"]
    merged = {"action": "sync", "state_data": bag, "execution_result": {"k": stored}}
    answer: Bag = act(merged)["state_data"]
    return answer


@attempt("create_snapshot, restore_snapshot, record_failure, hand_over", lambda bag: bag["k"])
def _snapshot(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
    with_it = {"action": "sync", "state_data": bag, "execution_result": {"k": piece.value}}
    after = act(with_it)["state_data"]
    taken = act({"action": "create_snapshot", "state_data": after, "snapshot_type": "pre"})
    path = taken["state_data"]["pre_snapshot_s3_path"]
    act({"action": "hand_over", "state_data": after})
    failure = {"Error": "E", "Cause": json.dumps(piece.value)[:30_000]}
    act({"action": "record_failure", "state_data": after, "failure": failure})
    event = {"action": "restore_snapshot", "s3_path": path, "execution_id": ATTACKER}
    answer: Bag = act(event)["state_data"]
    return answer


@attempt("request_callback: the prompt")
def _request(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    event = {"action": "request_callback", "state_data": bag, "callback_type": "human"}
    act(event | {"task_token": "hostile token", "prompt": piece.value})


@attempt("submit_callback: the answer", lambda bag: bag["k"])
def _submit(act: Act, bag: Bag, piece: Piece, ground: Ground) -> Bag:
    token = f"token {len(ground.store.objects)}"
    asked = {"action": "request_callback", "state_data": bag, "callback_type": "human"}
    callback = act(asked | {"task_token": token})["callback_id"]
    event = {"action": "submit_callback", "callback_id": callback, "execution_id": ATTACKER}
    act(event | {"outcome": "success", "output": {"k": piece.value}})
    merged = {"action": "merge_callback", "state_data": bag, "callback_result": act.delivered()}  # type: ignore[attr-defined]
    answer: Bag = act(merged)["state_data"]
    return answer


@attempt("hydrate: a bag nobody made")
def _hydrate(act: Act, bag: Bag, piece: Piece, _: Ground) -> None:
    act({"action": "hydrate", "state_data": bag | {"k": piece.value}})


def _document(word: str, path: str) -> None:
    """Register the way of a document through `offload` and `hydrate`, and into a bag."""

    def send(act: Act, bag: Bag, piece: Piece, _: Ground) -> Bag:
        owner = {"execution_id": ATTACKER}
        document = {"k": piece.value, "keep": [1], "large": ["x" * 9_000]}
        offload = {"action": "offload", "at_most": 4_096, "document": document, word: [path]}
        small = act(owner | offload)["document"]
        whole = act(owner | {"action": "hydrate", "document": small})["document"]
        result = {"k": whole["k"]}
        answer: Bag = act({"action": "sync", "state_data": bag, "execution_result": result})[
            "state_data"
        ]
        return answer

    attempt(f"offload, hydrate: a document, {word} {path}", lambda bag: bag["k"])(send)


_document("plain", "keep[*]")
_document("list", "large")


@attempt("offload: a path")
def _path(act: Act, _bag: Bag, piece: Piece, _: Ground) -> None:
    event = {"action": "offload", "execution_id": ATTACKER, "document": {"a": 1}}
    act(event | {"plain": [piece.value]})


@attempt("decompress")
def _decompress(act: Act, _bag: Bag, piece: Piece, _: Ground) -> None:
    act({"action": "decompress", "compressed_data": piece.value})


@attempt("run_segment: an item")
def _item(act: Act, _bag: Bag, piece: Piece, _: Ground) -> None:
    act({"action": "run_segment", "execution_id": ATTACKER, "item": piece.value})


@attempt("run_segment: recorded", lambda bag: bag["k"])
def _recorded(act: Act, _bag: Bag, piece: Piece, _: Ground) -> Bag:
    given = {"segments": [{"k": piece.value}]}
    bag = act({"action": "init", "execution_id": ATTACKER, "input": given})["state_data"]
    result = act({"action": "run_segment", "state_data": bag})
    answer: Bag = act({"action": "sync", "state_data": bag, "execution_result": result})[
        "state_data"
    ]
    return answer


@attempt("statebag: a value that is shown")
def _shown(act: Act, _bag: Bag, piece: Piece, _: Ground) -> None:
    act.show(masking([], active=True).masked(piece.value))  # type: ignore[attr-defined]
