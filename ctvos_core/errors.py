"""Errors that a user can act on, each with a stable code."""


class InputError(Exception):
    """Something the caller gave cannot be used.

    The message is one line that names the thing, what was expected and what came. `code` is stable
    (lower case, underscores): the command line turns the error into exit status 2, the service
    into a problem document.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
