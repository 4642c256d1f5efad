"""What a new container loads: what its first call needs, or all of it where nobody waits."""

import subprocess
import sys

import pytest


def makes_a_client(**environment: str) -> bool:
    """Tell whether importing the handler, in a new interpreter, loads what makes a client."""
    completed = subprocess.run(
        [sys.executable, "-c", "import sys, app; sys.exit('botocore.client' in sys.modules)"],
        env={"PYTHONPATH": ":".join(sys.path), "AWS_DEFAULT_REGION": "us-east-1", **environment},
        check=False,
    )
    assert completed.returncode in (0, 1)
    return completed.returncode == 1


def test_a_client_waits_for_the_first_action_that_needs_it() -> None:
    assert not makes_a_client()
    assert not makes_a_client(AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")


@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_where_nobody_waits_the_client_is_made_at_once(kind: str) -> None:
    assert makes_a_client(AWS_LAMBDA_INITIALIZATION_TYPE=kind)
