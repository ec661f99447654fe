"""`python -m ctvos_cli` is the `ctvos` command."""

from ctvos_cli.main import run

run()
