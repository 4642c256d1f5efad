"""What keeps the command from its work."""


class AccountError(Exception):
    """Something that is neither a difference nor a fault of the stack's."""


class RefusedError(AccountError):
    """Nobody has said that this account is meant."""


class CommandError(AccountError):
    """A command of AWS's failed; the message ends with what it said."""
