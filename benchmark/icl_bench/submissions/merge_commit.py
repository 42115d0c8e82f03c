"""The commit that a submission's fresh prompts are drawn from: the merge that added its weights.

It follows from the history alone, so that prompts cannot be drawn until they suit by evaluating again later.
"""

from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.specs.checkpoint_files import WEIGHTS_FILE
from icl_bench.submissions.checkout_git import git_output
from icl_bench.submissions.submission_folder import SUBMISSION_FILE, SubmissionFolder


def merge_commit(entry: SubmissionFolder) -> str:
    """The first commit, of HEAD and its first parents, whose submission.yaml names all weights of today's; of
    a language model, all files.

    InputError where none does, or the checkout lacks earlier commits.
    """
    weights = {
        digest
        for run in entry.submission.runs
        for file, digest in run.files.items()
        if Path(file).name == WEIGHTS_FILE or run.of_language_model  # its tokenizer decides answers too
    }
    if _git(entry.path, "rev-parse", "--is-shallow-repository") != "false":
        raise InputError(
            f"the checkout of {entry.path} lacks earlier commits; run git fetch --unshallow",
            code="shallow-checkout",
        )
    history = ["log", "--first-parent", "--reverse", "--format=%H", "HEAD", "--", SUBMISSION_FILE]
    for commit in _git(entry.path, *history).split():
        if all(digest in _text(entry.path, commit) for digest in weights):
            return commit
    raise InputError(
        f"no commit has the weights that {entry.path / SUBMISSION_FILE} lists; commit it first",
        code="not-committed",
    )


def _text(folder: Path, commit: str) -> str:
    """What submission.yaml was; empty where the commit removed it."""
    listed = _git(folder, "ls-tree", "--name-only", commit, "--", SUBMISSION_FILE)
    return _git(folder, "show", f"{commit}:./{SUBMISSION_FILE}") if listed else ""


def _git(folder: Path, *arguments: str) -> str:
    printed = git_output(
        folder,
        *arguments,
        refused=lambda reason: InputError(
            f"git cannot read the history of {folder}: {reason}; run it in a checkout", code="not-a-checkout"
        ),
    )
    return printed.decode(errors="replace").strip()
