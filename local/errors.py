"""What can go wrong on the local cloud itself."""


class LocalCloudError(Exception):
    """Something of the local cloud did not work."""


class BuildError(LocalCloudError):
    """`sam build` failed; the message ends with what it said."""


class DeploymentError(LocalCloudError):
    """The stack could not be deployed."""


class ServerStartError(LocalCloudError):
    """A server did not come up."""


class StoppedError(LocalCloudError):
    """The local cloud is being stopped, and starts nothing any more."""

    def __init__(self) -> None:
        super().__init__("the local cloud is being stopped")


class PayloadTooLargeError(LocalCloudError):
    """A state machine would carry more than Step Functions allows, and fail."""


class FunctionError(LocalCloudError):
    """A function raised, timed out or died.

    Attributes:
        error_type: bare class name of the error, as Step Functions matches it.
        message: what the error said.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


class MockedError(LocalCloudError):
    """What a mock raises to fail its state, as a service would.

    Attributes:
        error: the error name that Retry and Catch match.
        cause: what it says.
    """

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class TooManyRequestsError(LocalCloudError):
    """As many requests as the cloud's `concurrency` allows are running already."""

    def __init__(self) -> None:
        super().__init__("the functions already run as many requests at once as the cloud allows")
