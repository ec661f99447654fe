"""How commands end: 0 on success, 2 with one line on bad input, 130 when interrupted."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from ctvos_core.errors import InputError

BAD_INPUT = 2
INTERRUPTED = 130

# Typer raises its parser's errors but exports only this one of them, a subclass of all the others'.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class OneLineErrors(TyperGroup):
    """Commands whose errors are one line on standard error."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit with its code."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except InputError as error:
            _fail(str(error))
        except _UsageError as error:
            _fail(_usage_message(error))
        except (typer.Abort, KeyboardInterrupt):
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def warn(message: str) -> None:
    """Say on standard error, in one line, what a user should know of work that goes on."""
    typer.echo("ctvos: warning: " + message.replace("\r", " ").replace("\n", " "), err=True)


def _fail(message: str) -> None:
    # A file's name may hold a line break.
    typer.echo("ctvos: " + message.replace("\r", " ").replace("\n", " "), err=True)
    sys.exit(BAD_INPUT)


def _usage_message(error: Any) -> str:
    context = error.ctx
    command = context.command_path if context else "ctvos"
    return f"{error.format_message().rstrip('.')}; see {command} --help"
