"""What a new container loads: what its first call needs, or all of it where nobody waits."""

import subprocess
import sys

import pytest


def is_botocore_loaded(**environment: str) -> bool:
    """Tell whether importing the handler loads botocore, in an interpreter of its own."""
    completed = subprocess.run(
        [sys.executable, "-c", "import sys, app; sys.exit('botocore' in sys.modules)"],
        env={"PYTHONPATH": ":".join(sys.path), "AWS_DEFAULT_REGION": "us-east-1", **environment},
        check=False,
    )
    assert completed.returncode in (0, 1)
    return completed.returncode == 1


def test_botocore_waits_for_the_first_action_that_needs_it() -> None:
    assert not is_botocore_loaded()
    assert not is_botocore_loaded(AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")


@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_where_nobody_waits_the_client_is_made_at_once(kind: str) -> None:
    assert is_botocore_loaded(AWS_LAMBDA_INITIALIZATION_TYPE=kind)
