"""What a pull request of a submission may change: one file, and nothing else."""

import re
from dataclasses import dataclass
from pathlib import Path

from icl_bench.errors import InputError
from icl_bench.models.shipped import COLLECTIONS
from icl_bench.specs.language_model import PACKAGED
from icl_bench.specs.text import shown
from icl_bench.submissions.checkout_git import git_output
from icl_bench.submissions.submission_folder import SUBMISSION_FILE

_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@{}^~-]{0,199}")
_PATH = re.compile(
    rf"submissions/(?P<folder>[A-Za-z0-9_][A-Za-z0-9._-]*__[A-Za-z0-9._-]+)/{re.escape(SUBMISSION_FILE)}"
)
_PLAIN = "100644"
_NONE = "000000"


@dataclass(frozen=True)
class Changed:
    """One path of a difference, as `git diff --raw` prints it."""

    path: str
    old_mode: str
    new_mode: str
    status: str  # A added, D removed, M modified, T of another type, …


def changed_paths(base: str, repository: Path) -> list[Changed]:
    """What differs between HEAD and the commit where it left `base`; InputError where git does not know."""
    if not _REVISION.fullmatch(base) or ".." in base:
        raise InputError(
            f"{shown(base)} is not a branch or commit; name the one that the changes go into",
            code="not-a-branch",
        )
    if not repository.is_dir():
        raise InputError(f"no folder {repository}; give that of a checkout", code="no-folder")
    question = ["diff", "--raw", "-z", "--no-abbrev", "--no-renames"]
    question += ["--no-ext-diff", "--no-textconv", "--ignore-submodules=none", f"{base}...HEAD", "--"]
    printed = git_output(
        repository,
        *question,
        refused=lambda reason: InputError(
            f"git cannot compare {base} with HEAD: {reason}; fetch {base} first", code="cannot-compare"
        ),
    )
    fields = printed.decode(errors="surrogateescape").split("\0")[:-1]
    return [_parsed(*pair) for pair in zip(fields[::2], fields[1::2], strict=True)]


def diff_faults(changes: list[Changed]) -> list[str]:
    """Why a pull request is not one submission alone: a line a path; none where it is."""
    if not changes:
        return [f"nothing is changed; add submissions/OWNER__MODEL/{SUBMISSION_FILE}"]
    faults = [f"{shown(change.path, 200)}: {fault}" for change in changes if (fault := _fault(change))]
    folders = sorted({path["folder"] for change in changes if (path := _PATH.fullmatch(change.path))})
    if len(folders) > 1:
        faults.append(f"{len(folders)} submissions are changed; make a pull request of each")
    return faults


def _parsed(facts: str, path: str) -> Changed:
    old_mode, new_mode, _, _, status = facts.removeprefix(":").split(" ")
    return Changed(path, old_mode, new_mode, status)


def _fault(change: Changed) -> str | None:
    path = _PATH.fullmatch(change.path)
    if path is None or path["folder"] in (*COLLECTIONS, PACKAGED):
        return f"a submission changes submissions/OWNER__MODEL/{SUBMISSION_FILE} alone; take this out"
    if change.status not in ("A", "M") or change.new_mode == _NONE:
        return "is removed or becomes something else; a submission adds or changes its file"
    if change.new_mode != _PLAIN or change.old_mode not in (_PLAIN, _NONE):
        return f"has mode {change.new_mode}; make it a plain file that is not executable ({_PLAIN})"
    return None
