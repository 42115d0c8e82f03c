"""Every command of a workflow can be given on any machine: its verbs, options and files are there."""

import re

import pytest
from known_commands import UsageError, check, commands
from workflow_files import ROOT, Step, steps


def having(program: str) -> list[Step]:
    return [step for step in steps() if commands(step.run, program)]


@pytest.mark.parametrize("step", having("icl-bench"), ids=str)
def test_every_verb_is_there_with_these_options(step: Step) -> None:
    for words in commands(step.run, "icl-bench"):
        check(words)


def test_a_verb_or_option_that_is_not_there_is_noticed() -> None:
    check(["leaderboard", "build", "--out", "site"])
    for words in (["leaderbord", "build"], ["leaderboard", "build", "--into", "site"], ["evaluate"]):
        with pytest.raises((AssertionError, UsageError)):
            check(words)


def test_the_chain_is_made_of_our_own_verbs() -> None:
    called = {
        " ".join(words[:2]) for step in having("icl-bench") for words in commands(step.run, "icl-bench")
    }
    assert called >= {f"submissions {verb}" for verb in ("diff", "validate", "fetch", "evaluate", "record")}
    assert "leaderboard build" in called


def test_what_reads_submitted_language_models_can_and_nothing_else() -> None:
    """Fetching looks at their configs; the other jobs have no need of what reads them."""
    reads = {
        (step.workflow, step.job)
        for step in having("icl-bench")
        for words in commands(step.run, "icl-bench")
        if words[:2] in (["submissions", "fetch"], ["submissions", "evaluate"])
    }
    installs = [step for step in having("uv") if any("--editable" in w for w in commands(step.run, "uv"))]
    with_text = {(step.workflow, step.job) for step in installs if "--editable '.[text]'" in step.run}
    assert with_text == reads == {("validate", "advise"), ("evaluate", "fetch"), ("evaluate", "evaluate")}


def test_every_target_of_make_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [words[0] for step in having("make") for words in commands(step.run, "make")]
    assert sorted(named) == ["lint", "pytest"]
    assert set(named) <= set(targets)


def test_make_lets_the_workflow_say_how_to_install() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "PIP ?=" in makefile
    assert "PYTHON ?=" in makefile


def test_every_file_of_ours_that_is_named_is_there() -> None:
    text = "\n".join(step.run for step in steps())
    named = set(re.findall(r"(?<![\w/$.-])((?:\.github|tests)/[\w./-]+|constraints\.txt)", text))
    assert {".github/isolated", "constraints.txt", "tests/leaderboard"} <= named
    assert [name for name in named if not (ROOT / name).exists()] == []
