"""Inline Maps of any length: one iteration after another, not one inside another.

moto starts each iteration of a worker inside the one before, until Python's stack is full.
"""

from contextlib import ExitStack

from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import (  # noqa: E501
    IterationWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ..patches import put


def install(stack: ExitStack) -> None:
    """Let a worker loop."""
    put(stack, IterationWorker, "_eval_pool", _eval_pool)


def _eval_pool(self: IterationWorker, job: Job | None, worker_frame: Environment) -> None:
    pool = self._job_pool
    while job is not None:
        frame = worker_frame.open_inner_frame()
        self._eval_job(env=frame, job=job)
        worker_frame.close_frame(frame)
        ended = isinstance(job.job_output, Exception) or self._stop_signal_received
        following = None if ended else pool.next_job()
        if following is None:
            if not ended:
                history = frame.event_history_context
                worker_frame.event_history_context.source_event_id = history.last_published_event_id
            # Before the job: the Map goes on when its last job is closed.
            self._env.close_frame(worker_frame)
            pool.close_job(job)
            return
        pool.close_job(job)
        job = following
    self._env.close_frame(worker_frame)
