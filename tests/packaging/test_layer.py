"""The layer and the stack, built and packaged as for the Serverless Application Repository."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from samcli.yamlhelper import yaml_parse

from local.stack.build import build
from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.slow

PACKAGE = ROOT / "layers" / "universal_sync_core" / "universal_sync_core"
BUCKET = "artefacts"
ACCESS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT / "layers" / "template.yaml", tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="module")
def built_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT / "template.yaml", tmp_path_factory.mktemp("builds"))


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Return where an S3 with a bucket for artefacts answers."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.Session("local", "local", region_name="us-east-1")
    session.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket=BUCKET)
    yield f"http://{host}:{port}"
    server.stop()


def test_layer_has_the_package_and_nothing_of_the_local_cloud(built: Path) -> None:
    shipped = built.parent / "UniversalSyncCoreLayer" / "python"
    assert _files(shipped / "universal_sync_core") == _files(PACKAGE)
    assert not {"local", "tests", "statebag"} & {path.name for path in shipped.iterdir()}


def _files(package: Path) -> set[str]:
    return {
        str(path.relative_to(package))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("template", ["built", "built_stack"])
def test_packaged_template_names_nothing_of_this_machine(
    template: str, request: pytest.FixtureRequest, endpoint: str, tmp_path: Path
) -> None:
    packaged = tmp_path / "packaged.yaml"
    command = [sys.executable, "-m", "samcli", "package", "--s3-bucket", BUCKET]
    command += ["--template-file", str(request.getfixturevalue(template))]
    told = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", **ACCESS}
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", **told}

    subprocess.run(  # noqa: S603 - ours
        [*command, "--output-template-file", str(packaged)],
        env=environment,
        check=True,
        capture_output=True,
    )

    uploaded = list(_uploaded(yaml_parse(packaged.read_text(encoding="utf-8"))))
    assert len(uploaded) > 2
    assert [path for path in uploaded if not path.startswith(f"s3://{BUCKET}/")] == []


def _uploaded(template: dict[str, Any]) -> Iterator[str]:
    """Yield every place that the template says some code or text is at."""
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    yield from (application["LicenseUrl"], application["ReadmeUrl"])
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            place = resource.get("Properties", {}).get(name)
            if isinstance(place, dict):  # a state machine's
                yield f"s3://{place['Bucket']}/{place['Key']}"
            elif place is not None:
                yield place
