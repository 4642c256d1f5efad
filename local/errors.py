"""What can go wrong on the local cloud itself."""


class LocalCloudError(Exception):
    """The local cloud failed at something."""


class BuildError(LocalCloudError):
    """`sam build` failed; the message ends with its output."""


class DeploymentError(LocalCloudError):
    """The stack could not be deployed."""


class ServerStartError(LocalCloudError):
    """A server did not start."""


class StoppedError(LocalCloudError):
    """The local cloud is stopping, and starts nothing any more."""

    def __init__(self) -> None:
        super().__init__("the local cloud is being stopped")


class PayloadTooLargeError(LocalCloudError):
    """A state machine would carry more than Step Functions allows, and fail."""


class FunctionError(LocalCloudError):
    """A function raised an error, timed out or died.

    Attributes:
        error_type: bare class name of the error, as Step Functions matches it.
        message: of the error.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


class MockedError(LocalCloudError):
    """Raised by a mock to fail its state, as a service would.

    Attributes:
        error: the error name that Retry and Catch match.
        cause: the cause of the failure.
    """

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class TooManyRequestsError(LocalCloudError):
    """The functions already run as many requests as the cloud's `concurrency` allows."""

    def __init__(self) -> None:
        super().__init__("the functions already run as many requests at once as the cloud allows")
