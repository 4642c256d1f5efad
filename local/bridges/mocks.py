"""A cloud that outlives moto's `mock_aws` in the same process, and a mock that does not see it.

Both keep what they hold in the same backends, which a mock empties when it begins and when it
ends. So what the cloud holds is laid aside while a mock is active. Until then the cloud seems
empty, to executions that go on meanwhile as well.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import model_data
from moto.core.models import MockAWS

from ..errors import LocalCloudError
from .patches import Original, around


def install(stack: ExitStack) -> None:
    """Keep what the cloud holds from the mocks of this process.

    Raises:
        LocalCloudError: a mock is active, and would take the cloud with it when it ends.
    """
    if MockAWS._mocks_active:  # noqa: SLF001 - moto tells it nowhere else
        message = (
            "moto's mock_aws is active in this process, and would empty the cloud when it"
            " ends. Start the cloud first, for instance by letting the mock's fixture ask"
            " for local_cloud"
        )
        raise LocalCloudError(message)
    of_cloud, of_mocks = Held(), Held()

    @around(stack, MockAWS, "_enable_patching")
    def enable_patching(original: Original, mock: MockAWS, **given: bool) -> None:
        of_cloud.take()
        of_mocks.put_back()  # a decorated class has several mocks that share what they hold
        original(mock, **given)

    @around(stack, MockAWS, "_disable_patching")
    def disable_patching(original: Original, mock: MockAWS, *given: bool) -> None:
        original(mock, *given)
        of_mocks.take()
        of_cloud.put_back()


@dataclass(slots=True)
class Held:
    """What moto's backends hold, while it is laid aside."""

    _backends: list[tuple[BackendDict[Any], dict[str, Any]]] = field(default_factory=list)
    _models: list[tuple[Any, list[Any]]] = field(default_factory=list)

    def take(self) -> None:
        """Lay aside what there is, and leave nothing."""
        self._backends = [(each, dict(each)) for each in _instances()]
        self._models = [(model, model.instances_tracked) for model in _tracked()]
        for backend, _ in self._backends:
            backend.clear()
        for model, _ in self._models:
            model.instances_tracked = []
        _instances().clear()

    def put_back(self) -> None:
        """Let there be again what was laid aside."""
        for backend, accounts in self._backends:
            backend.update(accounts)
            _instances().append(backend)
        for model, instances in self._models:
            model.instances_tracked = instances
        self._backends, self._models = [], []


def _instances() -> list[BackendDict[Any]]:
    return BackendDict._instances  # type: ignore[misc]  # noqa: SLF001 - moto's list of all


def _tracked() -> list[Any]:
    return [model for models in model_data.values() for model in models.values()]
