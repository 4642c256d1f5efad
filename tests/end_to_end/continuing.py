"""A cloud of its own process, which a test can kill: runs a workflow and says how it goes on.

Its argument is the endpoint of an S3 server, its standard input that of the execution. Each line
it prints is an execution's input as JSON, in the order of the chain; the last one is the final bag.
"""

import json
import sys
from typing import Any

from local.cloud import Execution, LocalCloud


def main(endpoint: str, value: Any) -> None:
    """Run the workflow to its end."""
    with LocalCloud.start(s3_endpoint=endpoint) as cloud:
        _say(value)
        execution = cloud.start_execution(value)
        while True:
            execution.wait()
            if execution.status != "SUCCEEDED":
                raise SystemExit(f"{execution.error}: {execution.cause}")
            output = execution.output
            if "continued_as" not in output:
                _say(output["state_data"])
                return
            execution = _next(cloud, output["continued_as"]["execution_arn"])


def _next(cloud: LocalCloud, arn: str) -> Execution:
    described = cloud.client("stepfunctions").describe_execution(executionArn=arn)
    _say(json.loads(described["input"]))
    return cloud.execution(arn)


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
