"""A few emulators of one function: as many requests at once, the rest wait their turn."""

import threading
from pathlib import Path

from ..servers.processes import Processes
from .emulator import Answer, Emulator, Program


class EmulatorPool:
    """Starts an emulator when a request finds none idle, up to `size`."""

    def __init__(self, processes: Processes, program: Program, *, size: int, log: Path) -> None:
        """Make the pool, with nothing started yet; emulator n logs to `<log>-n.log`."""
        self._processes = processes
        self._program = program
        self._log = log
        self._size = size
        self._started = 0
        self._idle: list[Emulator] = []
        self._is_retired = False
        self._turn = threading.Condition()

    def invoke(self, payload: bytes, client_context: str = "") -> Answer:
        """Run the handler on a JSON payload, as soon as an emulator is free."""
        emulator = self._borrow()
        try:
            return emulator.invoke(payload, client_context)
        finally:
            self._give_back(emulator)

    def retire(self) -> None:
        """Stop what is idle now, and what is at work when it has answered."""
        with self._turn:
            self._is_retired = True
            idle, self._idle = self._idle, []
        for emulator in idle:
            emulator.stop()
            self._lose()

    def _borrow(self) -> Emulator:
        with self._turn:
            while not self._idle and self._started == self._size:
                self._turn.wait()
            if self._idle:
                return self._idle.pop()
            self._started += 1
            number = self._started
        try:
            log = self._log.with_name(f"{self._log.name}-{number}.log")
            return Emulator(self._processes, self._program, log)
        except BaseException:
            self._lose()
            raise

    def _give_back(self, emulator: Emulator) -> None:
        with self._turn:
            if emulator.alive() and not self._is_retired:
                self._idle.append(emulator)
                self._turn.notify()
                return
        emulator.stop()
        self._lose()

    def _lose(self) -> None:
        with self._turn:
            self._started -= 1
            self._turn.notify()
