"""What a new container loads: what its first call needs, or all of it where nobody waits."""

import subprocess
import sys

import pytest


def printed(program: str, **environment: str) -> list[str]:
    """Return the words that a program prints in a new interpreter."""
    completed = subprocess.run(  # noqa: S603 - a program of these tests
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path), "AWS_DEFAULT_REGION": "us-east-1", **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return completed.stdout.split()


def makes_a_client(**environment: str) -> bool:
    """Tell whether importing the handler, in a new interpreter, loads what makes a client."""
    program = "import sys, app; print('botocore.client' in sys.modules)"
    return printed(program, **environment) == ["True"]


def test_a_client_waits_for_the_first_action_that_needs_it() -> None:
    assert not makes_a_client()
    assert not makes_a_client(AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")


@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_where_nobody_waits_the_client_is_made_at_once(kind: str) -> None:
    assert makes_a_client(AWS_LAMBDA_INITIALIZATION_TYPE=kind)


@pytest.mark.parametrize("kind", ["on-demand", "provisioned-concurrency"])
def test_no_garbage_is_looked_for_in_what_every_call_uses(kind: str) -> None:
    program = (
        "import gc; gc.collect(); runs = []; gc.callbacks.append(lambda *run: runs.append(run));"
        "import app; is_most = gc.get_freeze_count() > len(gc.get_objects());"
        "print(len(runs), gc.isenabled(), is_most)"
    )
    assert printed(program, AWS_LAMBDA_INITIALIZATION_TYPE=kind) == ["0", "True", "True"]
