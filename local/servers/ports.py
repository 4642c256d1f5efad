"""Loopback ports: free ones, and waiting until one is served."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free(count: int) -> list[int]:
    """Return ports nobody listens on, all different."""
    with ExitStack() as sockets:
        bound = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in bound]


def is_free(port: int) -> bool:
    """Tell whether a server may listen on a port; 0 is any."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def await_served(port: int, *, alive: Callable[[], bool], seconds: float) -> bool:
    """Tell whether the port is served before the time is up or its server has died."""
    deadline = time.monotonic() + seconds
    while alive() and time.monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return True
    return False
