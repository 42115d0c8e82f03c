"""How the command line fails: one line on stderr, an exit code, and never a traceback for a user's error."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from icl_bench.errors import ICLBenchError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# the root of Typer's complaints about the command line itself; older versions take it from click
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class VerbGroup(TyperGroup):
    """The class of the app and of every group of verbs: `typer.Typer(cls=VerbGroup)`.

    Without a verb a group shows its help. What the user did wrong is told in one line, with exit code 2
    (1 where the question was well put and the answer is no), and an interruption ends with 130.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the group's own arguments; none at all ask for help."""
        return super().parse_args(ctx, args or ["--help"])

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **settings: Any
    ) -> Any:
        """Run the command line and end the process with its exit code."""
        settings["standalone_mode"] = False  # errors come here instead of being printed
        try:
            code = super().main(args, prog_name, *rest, **settings)
        except ICLBenchError as error:
            code = _told(str(error), error.exit_code)
        except _UsageError as error:
            code = _told(_usage(error), 2)
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        if code == INTERRUPTED:
            typer.echo("interrupted", err=True)
        sys.exit(code if isinstance(code, int) else 0)


def _usage(error: Any) -> str:
    """Typer's complaint, and where the help of the verb is."""
    verb = error.ctx.command_path if error.ctx else "icl-bench"
    return f"{error.format_message().rstrip('.')} (see '{verb} --help')"


def _told(message: str, code: int) -> int:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    return code
