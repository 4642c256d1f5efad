"""The services of a cloud: moto's server, the emulators behind its functions, what is recorded."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from .access.browsers import Browsers
from .access.guard import Guard
from .bridges import (
    announcements,
    execution_events,
    execution_outcomes,
    failures,
    lambda_functions,
    mocked_states,
    mocks,
    payload_limits,
    service_clients,
    service_events,
    state_machines,
    task_tokens,
)
from .bridges.language import (
    choices,
    functions,
    intrinsics,
    json_paths,
    jsonata,
    result_paths,
    scalars,
    timestamps,
    variables,
)
from .bridges.maps import (
    child_executions,
    inline_maps,
    item_readers,
    map_runs,
    objects,
    result_files,
)
from .bridges.templates import no_values, stack_names
from .clients import Clients
from .errors import ServerStartError
from .functions import runtime
from .functions.artefacts import CodeCache
from .functions.invocations import Functions
from .machines.runs import Runs
from .servers import logs, ports
from .servers.outages import Outages
from .servers.processes import Processes
from .visits import StateVisit

# There is no X-Ray daemon.
_ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "AWS_XRAY_SDK_ENABLED": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Running services, with nothing deployed to them yet.

    Attributes:
        visits: every state that has been left.
        events: the entries of PutEvents.
        runs: what is known of state machines and executions beyond moto.
    """

    clients: Clients
    functions: Functions
    guard: Guard
    outages: Outages
    visits: list[StateVisit] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    runs: Runs = field(default_factory=Runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie.

    Attributes:
        work: what goes with the cloud.
        code: unpacked artefacts, of other clouds too.
        logs: log files.
    """

    work: Path
    code: Path
    logs: Path


def start(  # noqa: PLR0913 - what a cloud is started with
    closing: ExitStack,
    places: Places,
    *,
    s3_endpoint: str | None,
    emulators: int,
    concurrency: int | None,
    port: int = 0,
) -> Services:
    """Start the services; closing the stack stops them."""
    closing.enter_context(logs.to_file(places.logs / "services.log"))
    endpoint, guard, outages = _serve(closing, port)
    clients = Clients(endpoint, s3_endpoint)
    processes = Processes()
    functions = Functions(
        processes=processes,
        runtime=runtime.link_packages(places.work / "runtime"),
        code=CodeCache(places.code),
        logs_dir=places.logs,
        emulators=emulators,
        concurrency=concurrency,
        environment={**_ENVIRONMENT, **clients.environment()},
    )
    closing.callback(functions.await_later)
    closing.enter_context(processes)
    services = Services(clients=clients, functions=functions, guard=guard, outages=outages)
    _bridge(closing, services)
    return services


def _serve(closing: ExitStack, port: int) -> tuple[str, Guard, Outages]:
    """Start moto's server and give its endpoint, and what stands before it."""
    if not ports.is_free(port):
        raise ServerStartError(f"port {port} of {ports.LOOPBACK} is in use: choose another")
    server = ThreadedMotoServer(ip_address=ports.LOOPBACK, port=port, verbose=False)
    server.start()
    wsgi = server._server  # noqa: SLF001 - moto offers no other way to it
    if wsgi is None:
        raise ServerStartError("moto's server does not start")
    guard = Guard(wsgi.app)
    outages = Outages(guard)
    wsgi.app = Browsers(outages)
    closing.callback(moto_api_backend.reset)
    closing.callback(wsgi.server_close)
    closing.callback(server.stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}", guard, outages


def _bridge(closing: ExitStack, services: Services) -> None:
    mocks.install(closing)
    stack_names.install(closing)
    no_values.install(closing)
    state_machines.install(closing, services.runs)
    execution_outcomes.install(closing)
    execution_events.install(closing, services.functions.invoke_later)
    lambda_functions.install(closing, services.functions)
    service_clients.install(closing, services.clients)
    payload_limits.install(closing, services.visits.append)
    task_tokens.install(closing)
    inline_maps.install(closing)
    map_runs.install(closing)
    child_executions.install(closing)
    # Before what names the failures of reading.
    item_readers.install(closing, services.clients)
    result_files.install(closing, services.clients)
    announcements.install(closing, services.events.append)
    service_events.install(closing)
    failures.install(closing)
    language = (json_paths, result_paths, jsonata, variables, choices, timestamps)
    for each in (*language, intrinsics, functions, scalars, objects):
        each.install(closing)
    # After those that change how a state is executed.
    mocked_states.install(closing, services.runs)
