"""The operator's page about a run, written by `statebag report`."""

from pathlib import Path
from typing import Any

from local.cloud import LocalCloud
from statebag.account.aws import Cloud, Connection
from statebag.output.masking import Masking
from statebag.report.findings import findings_of
from statebag.report.page import page_of

NAME = "report.html"


class _OfLocalCloud(Cloud):
    """Sends the command's requests to the local cloud instead of AWS."""

    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(Connection(bucket=cloud.outputs["StateBucketName"]))
        self._local = cloud

    def _client(self, service: str, *, attempts: int = 4) -> Any:  # noqa: ARG002 - Cloud's own
        return self._local.client(service)


def write_report(cloud: LocalCloud, arn: str, directory: Path) -> Path:
    """Write the page about an execution into a directory, and return its path."""
    found = findings_of(_OfLocalCloud(cloud), arn, Masking(), (), lambda _: None)
    path = directory / NAME
    path.write_text(page_of(found), encoding="utf-8")
    return path
