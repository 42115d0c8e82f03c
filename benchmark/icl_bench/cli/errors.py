"""How the command line fails: one line on stderr, an exit code, and never a traceback for a user's error."""

import difflib
import errno
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from icl_bench.cli.pages import page_of
from icl_bench.cli.start import close_standard_output, prepare_process, with_homes
from icl_bench.errors import ICLBenchError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_OUTPUT_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # of a file without a name: of a stream

_RECIPE_KEYS = {  # of a recipe, that people look for among the options
    "--lr": "learning_rate",
    "--learning-rate": "learning_rate",
    "--batch": "batch",
    "--batch-size": "batch",
    "--optimiser": "optimiser",
    "--optimizer": "optimiser",
    "--warmup": "warmup",
    "--weight-decay": "weight_decay",
}

# the root of Typer's complaints about the command line itself; older versions take it from click
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class VerbGroup(TyperGroup):
    """The class of the app and of every group of verbs: `typer.Typer(cls=VerbGroup)`.

    Without a verb a group shows its help. What the user did wrong is printed in one line, with exit code 2
    (1 where the question was well put and the answer is no), and an interruption ends with 130.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the group's own arguments; none at all ask for help."""
        return super().parse_args(ctx, args or ["--help"])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A verb, with the address of its page as the last line of its help."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and command.epilog is None:
            command.epilog = page_of(cmd_name if ctx.parent is None else ctx.info_name)
        return command

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **settings: Any
    ) -> Any:
        """Run the command line and end the process with its exit code."""
        settings["standalone_mode"] = False  # errors come here instead of being printed
        prepare_process()
        try:
            arguments = sys.argv[1:] if args is None else args
            code = super().main(with_homes(arguments), prog_name, *rest, **settings)
            sys.stdout.flush()
        except ICLBenchError as error:
            code = _report(str(error), error.exit_code)
        except _UsageError as error:
            code = _report(_usage(error), 2)
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except OSError as error:
            code = _unprinted(error)
        if code == INTERRUPTED:
            _print_error("interrupted")
        sys.exit(code if isinstance(code, int) else 0)


def _unprinted(error: OSError) -> int:
    """The exit code where standard output takes no more; any other error of the system is raised again."""
    if error.filename is not None or error.errno not in (errno.EPIPE, *_OUTPUT_FAULTS):
        raise error
    close_standard_output()
    if error.errno == errno.EPIPE:  # the reader has seen enough
        return 1
    return _report(f"cannot print to standard output: {error.strerror}; send it elsewhere", 2)


def _usage(error: Any) -> str:
    """Typer's complaint, and where the help of the verb is."""
    verb = error.ctx.command_path if error.ctx else "icl-bench"
    option = getattr(error, "option_name", None)
    known = {name for param in error.ctx.command.params for name in param.opts} if error.ctx else set()
    if option is None or (hasattr(error, "message") and not error.message.startswith("No such option")):
        return f"{error.format_message().rstrip('.')} (see '{verb} --help')"
    near = difflib.get_close_matches(option, known, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else ""
    if "--set" in known and option in _RECIPE_KEYS:
        hint = f"write --set {_RECIPE_KEYS[option]}=VALUE"
    return f"no option {option}; {hint or 'leave it out'} (see '{verb} --help')"


def _report(message: str, code: int) -> int:
    line = " ".join(message.split())
    shown = (each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
    _print_error(f"error: {''.join(shown)}")  # a file may be called by what moves the cursor
    return code


def _print_error(line: str) -> None:
    with suppress(OSError):  # there is no other place to say it
        typer.echo(line, err=True)
