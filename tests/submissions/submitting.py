"""`icl-bench submit` of the model of `submissions.submitted`, on tiny-v1."""

from pathlib import Path

from submissions.submitted import MODEL
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.specs.submission import Submission
from icl_bench.submissions.submission_folder import read_submission
from icl_bench.submissions.validate import validate

CARD = b"---\nlicense: Apache-2.0\n---\n# model\n"
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


def seen(file: Path) -> Submission:
    """What a file says, which is valid."""
    assert validate(file.parent) == []
    return read_submission(file)
