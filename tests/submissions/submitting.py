"""`icl-bench submit` of the model of `submissions.submitted`, on tiny-v1."""

from submissions.submitted import MODEL
from typer.testing import CliRunner

from icl_bench.cli import app

FACTS = (
    "--licence",
    "mit",
    "--author",
    "Ana Ω",
    "--training-data",
    'Prompts: of the\nsuite\'s "training" stream.',
)


def submit(*arguments: str, facts: tuple[str, ...] = FACTS) -> tuple[int, str, str]:
    models = [] if any(argument.startswith(MODEL) for argument in arguments) else [MODEL]
    result = CliRunner().invoke(app, ["submit", *models, "--suite", "tiny", *facts, *arguments])
    assert result.exit_code in (0, 1, 2), result.exception
    return result.exit_code, result.stdout, result.stderr


def refused(*arguments: str, facts: tuple[str, ...] = FACTS) -> str:
    """The one line that submitting is refused with."""
    code, _, error = submit(*arguments, facts=facts)
    assert code == 2
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]
