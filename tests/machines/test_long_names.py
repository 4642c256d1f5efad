"""Names and Resources of hundreds of thousands of characters: each is read in one pass."""

import pytest

from statebag.machines.model.parameters import with_identifiers
from statebag.machines.model.services import Integration, service_of
from statebag.machines.planning.handlers import names_of
from statebag.machines.values.expressions import Ref, Struct
from statebag.machines.values.paths import DOCUMENT
from tests.machines.building import machine, read, state_of, task

MANY = 200_000


@pytest.mark.timeout(60)
@pytest.mark.parametrize("resource", ["${" * MANY, "arn:aws:x:function\n" * MANY + "}"])
def test_long_resource_is_a_substitution(resource: str) -> None:
    assert service_of(resource).integration is Integration.UNKNOWN


@pytest.mark.timeout(60)
@pytest.mark.parametrize("function", ["${" * MANY, "${" + "a" * MANY, ":" * MANY])
def test_long_name_of_a_function_is_its_own(function: str) -> None:
    scope = read(machine({"Work": task(function)}))
    assert function in names_of(state_of(scope, "Work"))


@pytest.mark.timeout(60)
def test_long_name_of_a_parameter_is_no_identifier() -> None:
    made = Struct({"Max" * MANY + ":": Ref((DOCUMENT, "a"))}, 2)
    assert with_identifiers(made) == made
