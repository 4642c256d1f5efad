"""The stacks of a run: all have its name, so that whatever has it can be deleted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .access import Access
from .commands import deploy

COMPANION = Path(__file__).parent / "companion.yaml"


@dataclass(kw_only=True)
class Stack:
    """A deployed stack.

    Attributes:
        access: to its account.
        name: of the stack.
        run: name of the run, which that of the stack begins with.
        template: the built one it was deployed from.
        parameters: those that were given.
    """

    access: Access
    name: str
    run: str
    template: Path
    parameters: dict[str, str] = field(default_factory=dict)

    def update(self, **parameters: str) -> None:
        """Deploy it, or deploy it again with some parameters changed."""
        self.parameters |= parameters
        deploy(self.access, self.template, self.name, prefix=self.run, parameters=self.parameters)

    def resources(self, kind: str | None = None) -> dict[str, str]:
        """Return the physical ids of its resources by logical id, all or those of one type."""
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for each in resources_of(self.access, self.name)
            if kind in {None, each["ResourceType"]}
        }


def outputs_of(access: Access, stack: str) -> dict[str, str]:
    """Return the outputs of a stack, as they are now."""
    described = access.client("cloudformation").describe_stacks(StackName=stack)
    outputs = described["Stacks"][0].get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def resources_of(access: Access, stack: str) -> Iterator[dict[str, Any]]:
    """Yield the resources of a stack that have been made."""
    pages = access.client("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack):
        yield from (each for each in page["StackResourceSummaries"] if "PhysicalResourceId" in each)


def companion_of(stack: str) -> str:
    """Return the name of the companion of a stack."""
    return f"{stack}-companion"
