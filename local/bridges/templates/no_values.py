"""A list in a template without those elements that are `AWS::NoValue`.

moto leaves a null instead of each, and then refuses a policy that has one.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html
"""

from contextlib import ExitStack
from typing import Any

from moto.cloudformation import parsing

from ..patches import Original, around


def install(stack: ExitStack) -> None:
    """Leave out what has no value."""

    @around(stack, parsing, "clean_json")
    def clean(original: Original, template: Any, resources: parsing.ResourceMap) -> Any:
        cleaned = original(template, resources)
        if isinstance(template, list):
            return [value for value in cleaned if value is not None]
        return cleaned
