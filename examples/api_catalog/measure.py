"""What a run left in S3, and how many requests the function's own metrics report."""

import json
from collections.abc import Iterator
from pathlib import Path

from local.cloud import LocalCloud

from .summary import Storage


def measure_storage(cloud: LocalCloud, logs_dir: Path) -> Storage:
    """Count the objects in the state bucket, and the requests to S3 that the function reported."""
    pages = cloud.client("s3").get_paginator("list_objects_v2")
    sizes = [
        found["Size"]
        for page in pages.paginate(Bucket=cloud.outputs["StateBucketName"])
        for found in page.get("Contents", ())
    ]
    requests = sum(sum(record.get("S3Requests", [])) for record in _metrics(logs_dir))
    return Storage(objects=len(sizes), object_bytes=sum(sizes), requests=int(requests))


def _metrics(logs_dir: Path) -> Iterator[dict[str, list[float]]]:
    """Yield the metrics that the functions logged in CloudWatch's embedded metric format."""
    for log in logs_dir.glob("*.log"):
        with log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if '"CloudWatchMetrics"' in line:
                    yield json.loads(line[line.index("{") :])
