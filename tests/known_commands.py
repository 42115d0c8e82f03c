"""Finding calls of a command in text, and holding those of icl-bench to its verbs and options."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from icl_bench.cli import app

OPERATORS = set("();<>|&")
UsageError = typer.BadParameter.__base__  # of click, or of the one that typer brings along


def commands(script: str, program: str) -> list[list[str]]:
    """The arguments of every call of a program in a script."""
    calls = []
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        for start, word in enumerate(words):
            if word.rpartition("/")[2] == program:
                rest = words[start + 1 :]
                end = next((i for i, word in enumerate(rest) if set(word) <= OPERATORS), len(rest))
                calls.append(rest[:end])
    return calls


def verb(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the arguments that are left."""
    command: Any = typer.main.get_command(app)
    if words[:1] == ["--suites"]:  # the option of every verb, with its folder
        words = words[2:]
    while hasattr(command, "commands") and words:
        assert words[0] in command.commands, f"there is no verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def check(words: list[str]) -> None:
    """Fail where icl-bench would not take these words for a call, whatever the values."""
    command, rest = verb(words)
    assert not hasattr(command, "commands"), "a verb is missing"
    options, left, _ = command.make_parser(command.context_class(command)).parse_args(list(rest))
    assert left == []
    assert [param.name for param in command.params if param.required and not options.get(param.name)] == []


def verbs() -> dict[tuple[str, ...], Any]:
    """Every command by the words that call it, without groups."""
    return dict(_verbs((), typer.main.get_command(app)))


def _verbs(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from _verbs((*words, name), below)
    else:
        yield words, command
