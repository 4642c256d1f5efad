"""What workflows do: they sync, fork, map, end, and go on from what is left."""

import json
from typing import Final

import universal_sync_core as core
from tests.statebag.cloud import BUCKET, MACHINE, arn_of
from tests.statebag.garbage.gc_executions import OTHER_MACHINE, Bag, Executions, Run, using
from tests.statebag.states import key_prefix
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.store import Location

# Few values, so that they come back: each is a list of some pages.
VALUES: Final = [[f"{n} {row} " + "x" * 60 for row in range(12)] for n in range(5)]
FIELDS: Final = ("a", "b")


class Workflows(Executions):
    """Executions, and all that they do."""

    def _start(self, machine: int) -> None:
        arn = arn_of(f"run-{len(self.runs)}", (MACHINE, OTHER_MACHINE)[machine % 2])
        with using(self._containers[0]):
            bag = core.first_bag({"x": VALUES[0]}, {"execution_id": arn, "action": "init"})
        self._publish(self._added(Run(arn=arn, owner=arn, bag=bag, given={})))

    def _sync(self, which: int, field_number: int, value: int, container: int) -> None:
        for run in self._one(self._free(), which):
            run.bag = self._synced(run.bag, field_number, value, container, "sync")
            self._publish(run)

    def _time_out(self, which: int, field_number: int, value: int, container: int) -> None:
        """A call stores its result, and its answer is lost."""
        for run in self._one(self._free(), which):
            self._synced(run.bag, field_number, value, container, "sync")

    def _snapshot(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                run.bag = core.create_snapshot(run.bag, "pre")
            self.snapshots.append(run.bag["pre_snapshot_s3_path"])
            self._publish(run)

    def _borrow(self, which: int, other: int, container: int) -> None:
        """An execution is given a pointer of another one, of which it may read."""
        for run in self._one(self._free(), which):
            for lender in self._one([each for each in self.runs if self._may_lend(each)], other):
                pointer = (
                    lender.bag["current_state"].get("a") if "current_state" in lender.bag else None
                )
                if isinstance(pointer, dict) and lender.owner != run.owner:
                    with self._in(container):
                        result = {"current_state": {"borrowed": pointer}}
                        run.bag = core.universal_sync_core(run.bag, result, {"action": "sync"})
                    self.borrowed.add(lender.owner)
                    self._publish(run)

    def _lend(self, which: int) -> None:
        """An execution of another machine begins with a pointer to a state in its input."""
        for lender in self._one([each for each in self.runs if self._is_recent(each)], which):
            arn, bag = arn_of(f"run-{len(self.runs)}", OTHER_MACHINE), lender.bag
            given = {"read": bag.get("current_state")}
            run = Run(arn=arn, owner=lender.owner, bag=bag, given=given, only_reads=True)
            self._publish(self._added(run))

    def _fork(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            ask = {"status": "PARALLEL_GROUP", "pending_branches": ["l", "r"]}
            with self._in(container):
                run.bag = core.universal_sync_core(run.bag, ask, {"action": "sync"})
                run.branches = [core.fork_branch(run.bag, each) for each in ("l", "r")]
            self._publish(run)

    def _branch(self, which: int, field_number: int, value: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.branches], which):
            at = value % 2
            bag = self._synced(run.branches[at], field_number, value, container, "sync_branch")
            run.branches[at] = bag
            self._publish(run)

    def _join(self, which: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.branches], which):
            with self._in(container):
                ends = [core.complete_branch(each) for each in run.branches]
                run.bag = core.join_branches(run.bag, ends)
            run.branches = []
            self._publish(run)

    def _map(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            ask = {"status": "DISTRIBUTED_MAP", "distributed_items": [0, 1, 2]}
            with self._in(container):
                run.bag = core.universal_sync_core(run.bag, ask, {"action": "sync"})
            run.outputs = []
            self._publish(run)

    def _item(self, which: int, value: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.outputs is not None], which):
            result = {"t": VALUES[value % len(VALUES)], "n": value}
            with self._in(container):
                stored = core.store_result(result, {"execution_id": run.owner})
            run.outputs = [*(run.outputs or []), stored]

    def _join_map(self, which: int, container: int) -> None:
        for run in self._one([each for each in self._running() if each.outputs], which):
            with self._in(container):
                context = {"action": "aggregate_distributed"}
                run.bag = core.universal_sync_core(run.bag, run.outputs, context)
            run.outputs = None
            self._publish(run)

    def _callback(self, which: int, value: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                asked = {"q": VALUES[value % len(VALUES)]}
                prompt = core.offload_result(asked, {"execution_id": run.owner}, limit=100)
            name = f"{len(self.prompts):064x}.json"
            location = Location(BUCKET, f"{key_prefix(run.owner)}callbacks/{name}")
            self.cloud.memory.put(location, json.dumps({"prompt": prompt}).encode())
            self.prompts.append({"execution_id": run.owner, "prompt": prompt})

    def _fail(self, which: int, container: int) -> None:
        for run in self._one(self._working(), which):
            with self._in(container):
                told = core.record_failure(run.bag, {"Error": "E", "Cause": "c"})
            run.record, run.cause = told["record_s3_path"], told["cause"]
            self._end(run, "FAILED")

    def _abort(self, which: int) -> None:
        for run in self._one(self._running(), which):
            self._end(run, "ABORTED")

    def _succeed(self, which: int) -> None:
        for run in self._one(self._free(), which):
            self._end(run, "SUCCEEDED")

    def _redrive(self, which: int) -> None:
        for run in self._one([each for each in self.runs if self._is_redrivable(each)], which):
            run.status, run.stopped, run.cause = "RUNNING", None, None
            self._publish(run)

    def _resume(self, which: int, machine: int, container: int) -> None:
        """Go on from any record or snapshot that there is, on one machine or another."""
        paths = [*self.snapshots, *(run.record for run in self.runs if run.record)]
        for path in self._one(paths, which):
            self._go_on(path, f"run-{len(self.runs)}", machine, container)

    def _continue(self, which: int, container: int) -> None:
        for run in self._one(self._free(), which):
            with self._in(container):
                told = core.hand_over(run.bag)
            self.snapshots.append(told["resume_from"])
            self._end(run, "SUCCEEDED")
            self._go_on(told["resume_from"], f"run-{len(self.runs)}", 0, container)

    def _restore(self, which: int, machine: int, container: int) -> None:
        """Take up any snapshot that there is; the input says nothing of it."""
        for path in self._one(self.snapshots, which):
            self._go_on(path, f"run-{len(self.runs)}", machine, container, given={})

    def _go_on(
        self, path: str, name: str, machine: int, container: int, given: Bag | None = None
    ) -> None:
        arn = arn_of(name, (MACHINE, OTHER_MACHINE)[machine % 2])
        given = {"resume_from": path} if given is None else given
        context = {"execution_id": arn, "action": "init"}
        with self._in(container):
            restored = not given and core.restore_snapshot(path, context)
            bag = restored or core.first_bag(given, context)
        owner = execution_in(path) or arn
        self._publish(self._added(Run(arn=arn, owner=owner, bag=bag, given=given)))

    def _synced(self, bag: Bag, field_number: int, value: int, container: int, action: str) -> Bag:
        name = FIELDS[field_number % len(FIELDS)]
        result = {"current_state": {name: VALUES[value % len(VALUES)]}}
        with self._in(container):
            return core.universal_sync_core(bag, result, {"action": action})
