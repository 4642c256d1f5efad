"""Where functions log: the group that their configuration names, or the one of their name."""

from typing import Final

from botocore.exceptions import ClientError, ParamValidationError

from statebag.account.aws import Cloud

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
_DEFAULT: Final = "/aws/lambda/"


class LogGroups:
    """The log groups of functions, each asked for once."""

    def __init__(self, cloud: Cloud) -> None:
        """Ask Lambda, when a function is asked for."""
        self._cloud = cloud
        self._known: dict[str, str] = {}

    def of(self, function: str) -> str:
        """Return the log group of a function; of one that cannot be asked for, the usual one."""
        if function not in self._known:
            named = function.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0]
            self._known[function] = self._configured(function) or f"{_DEFAULT}{named}"
        return self._known[function]

    def _configured(self, function: str) -> str | None:
        try:
            told = self._cloud.functions.get_function_configuration(FunctionName=function)
        except (ClientError, ParamValidationError):  # it is gone, or not for this role to see
            return None
        return told.get("LoggingConfig", {}).get("LogGroup")
