"""How the command line fails: one line on stderr, the right exit code, never a traceback."""

import os
import signal
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from icl_bench.cli.errors import VerbGroup
from icl_bench.errors import CheckError, SpecError

pytestmark = pytest.mark.slow

app = typer.Typer(cls=VerbGroup, name="tool", add_completion=False, pretty_exceptions_enable=False)
group = typer.Typer(cls=VerbGroup)
app.add_typer(group, name="group")


@app.command("work")
def work(number: int = 1, end: str = "well") -> None:
    """Do some work."""
    endings = {
        "bad input": SpecError("a.yaml: unknown key 'x';\n  did you mean 'y'?"),
        "unprintable": SpecError("no file \x1b[31m\u202ea\udcff é; check it"),
        "refused": CheckError("causality: prediction 3 changed; do not read y_3"),
        "stopped": KeyboardInterrupt(),
        "code": typer.Exit(1),
        "bug": ZeroDivisionError("a bug"),
    }
    if end in endings:
        raise endings[end]
    typer.echo(f"done {number}")


@group.command("inner")
def inner(place: str) -> None:
    """Work inside."""


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_work_that_is_done_ends_with_0():
    assert run("work", "--number", "3") == (0, "done 3\n", "")


def test_an_error_of_ours_is_one_line_with_its_exit_code():
    message = "error: a.yaml: unknown key 'x'; did you mean 'y'?\n"
    assert run("work", "--end", "bad input") == (2, "", message)
    assert run("work", "--end", "refused")[0] == 1


def test_what_cannot_be_printed_reaches_no_terminal():
    code, _, stderr = run("work", "--end", "unprintable")
    assert (code, stderr) == (2, "error: no file \\x1b[31m\\u202ea\\udcff é; check it\n")


def test_an_exit_keeps_its_code():
    assert run("work", "--end", "code") == (1, "", "")


def test_an_interruption_ends_with_130():
    assert run("work", "--end", "stopped") == (130, "", "interrupted\n")


def test_a_bug_is_not_hidden():
    result = CliRunner().invoke(app, ["work", "--end", "bug"])
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("arguments", "message", "verb"),
    [
        (["wrok"], "'wrok'. Did you mean 'work'?", "tool"),
        (["work", "--numbr", "3"], "no option --numbr; did you mean --number?", "tool work"),
        (["work", "--lr", "3"], "no option --lr; leave it out", "tool work"),
        (["work", "--number", "x"], "Invalid value for '--number': ", "tool work"),
        (["group", "inner"], "Missing argument 'place'", "tool group inner"),
        (["group", "iner"], "'iner'. Did you mean 'inner'?", "tool group"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, message, verb):
    """Typer's own words differ from version to version; the frame around them is ours."""
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith("error: ")
    assert message.lower() in stderr.lower()
    assert stderr.endswith(f" (see '{verb} --help')\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["group"], ["group", "--help"]])
def test_without_a_verb_the_help_is_shown(arguments):
    code, stdout, stderr = run(*arguments)
    assert (code, stderr) == (0, "")
    assert "Usage: tool" in stdout


def test_a_real_interruption_leaves_no_traceback(tmp_path):
    """Control-C in the middle of a verb of the tool itself."""
    code = "\n".join(
        [
            "import os, signal, icl_bench.suites.lock as lock",
            "lock.remake = lambda *a: os.kill(os.getpid(), signal.SIGINT)",
            "from icl_bench.cli import app",
            "app()",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "tasks", "verify", "--suite", "mini"],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HOME": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_a_reader_that_goes_away_leaves_no_traceback():
    command = f"{sys.executable} -c 'from icl_bench.cli import app; app()' tasks list | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
