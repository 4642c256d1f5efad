"""The end-to-end tests on a stack in an account: `pytest -p account.pytest_plugin --stack NAME`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the stack, which has a companion beside it."""
    parser.addoption("--stack", help="run the end-to-end tests on this stack of an AWS account")
