"""Fixtures for the tests of workers and state machines.

`state_bag` needs no cloud; `local_cloud` is one. pytest imports this module in every run, so
whatever takes time to import is imported by the fixture that needs it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .cloud import LocalCloud
    from .functions.user_functions import UserFunction
    from .outcomes.same_outcome import SameOutcome
    from .state_bag import StateBag

_RUNNING = pytest.StashKey[bool]()


@pytest.fixture
def state_bag() -> Iterator["StateBag"]:
    """State bags, and the steps of the state machine on them; S3 is in memory."""
    from .state_bag import StateBag  # noqa: PLC0415

    with StateBag.opened() as opened:
        yield opened


@pytest.fixture(scope="session")
def worker_function(pytestconfig: pytest.Config) -> Callable[..., "UserFunction"]:
    """Describe a function to deploy: `worker_function("src", handler="worker.handler")`.

    Its directory, relative to pytest's root, has the code and everything it imports except boto3
    and the layer. Other arguments: `name`, `environment`, `timeout` in seconds, `runtime`.
    """
    from .functions.user_functions import UserFunction  # noqa: PLC0415

    def describe(
        code_dir: str | Path, handler: str = "worker.handler", **options: Any
    ) -> UserFunction:
        chosen = {"name": "Worker", "with_layer": True, **options}
        return UserFunction(code_dir=pytestconfig.rootpath / code_dir, handler=handler, **chosen)

    return describe


@pytest.fixture(scope="session")
def segment_runner() -> "UserFunction | None":
    """The worker of `local_cloud`'s stack; override it to return your own `worker_function`.

    By default it is the built-in one, which replays the results recorded in `segments`.
    """
    return None


@pytest.fixture(scope="session")
def stack_parameters() -> Mapping[str, str]:
    """Parameters of `local_cloud`'s stack; override it with your own."""
    return {}


@pytest.fixture(scope="session")
def local_cloud(
    segment_runner: "UserFunction | None",
    stack_parameters: Mapping[str, str],
    pytestconfig: pytest.Config,
) -> Iterator["LocalCloud"]:
    """The stack, deployed with `segment_runner` to a cloud in this process, for all tests."""
    try:
        from .cloud import LocalCloud  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        install = 'pip install "<checkout>/layers/universal_sync_core[testing]"'
        raise pytest.UsageError(f"local_cloud needs more ({missing}): {install}") from missing

    parameters = dict(stack_parameters)
    if segment_runner is not None:
        parameters["SegmentRunnerFunctionArn"] = segment_runner.arn
    functions = [segment_runner] if segment_runner else []
    with LocalCloud.start(extra_functions=functions, parameters=parameters) as cloud:
        pytestconfig.stash[_RUNNING] = True
        yield cloud
    del pytestconfig.stash[_RUNNING]


@pytest.fixture
def same_outcome(local_cloud: "LocalCloud") -> "SameOutcome":
    """Require the same outcome of two state machines: `same_outcome(before, after, input, mocks)`.

    Both run on `local_cloud`, on the given input and on data too large for the first one.
    """
    from .outcomes.same_outcome import SameOutcome  # noqa: PLC0415

    return SameOutcome(local_cloud)


def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Refuse a second worker: a session has one cloud, which would go on with the first."""
    if fixturedef.argname == "segment_runner" and request.config.stash.get(_RUNNING, False):
        raise pytest.UsageError(
            "local_cloud runs with another segment_runner already: override it once, in the top "
            "conftest.py; deploy further workers with local_cloud.deploy_function"
        )
