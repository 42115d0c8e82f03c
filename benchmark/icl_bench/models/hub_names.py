"""How models on the Hub are named: `user/model`, `user/model@revision`, or the address of their page; and
datasets, `ORG/NAME` or `ORG/NAME@COMMIT`."""

import re
from urllib.parse import unquote

from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from icl_bench.errors import InputError
from icl_bench.specs.text import shown

_REPOSITORY = r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)"
_NAME = re.compile(rf"{_REPOSITORY}(@(?P<revision>[^\s@]+))?")
_PAGE = re.compile(
    rf"(https?://)?(?P<host>[\w.:-]+)/{_REPOSITORY}(/(tree|commit)/(?P<revision>[^\s/?#]+))?/?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_LOOKS_LIKE_PATH = ("/", "./", "../", "~")


def parse_hub_name(name: str, revision: str | None = None) -> tuple[str, str | None]:
    """The repository and revision that a name, and the revision beside it, stand for.

    InputError where it is no name or address of a model, or where two revisions are named.
    """
    repo, named = _of_a_page(name) or _split(name)
    if revision is not None and named not in (None, revision):
        raise InputError(
            f"{name} and --revision {revision} name two revisions; keep one of them", code="two-revisions"
        )
    return repo, named or revision


def check_dataset_name(repo: str) -> None:
    """InputError where it is not ORG/NAME as the Hub takes it."""
    try:
        validate_repo_id(repo)
        usable = repo.count("/") == 1
    except HFValidationError:
        usable = False
    if not usable:
        raise InputError(
            f"{shown(repo)} is not a dataset's name on the Hub; write ORG/NAME, as my-lab/icl-bench-mini-v1",
            code="no-dataset-name",
        )


def parse_dataset_name(name: str) -> tuple[str, str | None]:
    """The dataset and the commit, if any, of ORG/NAME or ORG/NAME@COMMIT; InputError where it is neither."""
    repo, at, commit = name.partition("@")
    check_dataset_name(repo)
    if at and not _COMMIT.fullmatch(commit):
        raise InputError(
            f"{shown(commit)} is not a commit of the dataset {repo}; write its 40 hexadecimal digits, as "
            "`icl-bench tasks publish` prints them",
            code="no-dataset-commit",
        )
    return repo, commit or None


def _split(name: str) -> tuple[str, str | None]:
    match = _NAME.fullmatch(name)
    if "://" in name:
        raise InputError(
            f"{shown(name, 200)} is no address of a model's page on the Hub; write user/model, or "
            "user/model@revision",
            code="no-model-address",
        )
    if match is None or name.startswith(_LOOKS_LIKE_PATH):
        raise InputError(
            f"no folder {name}; check the path, or write user/model for a model on the Hub", code="no-folder"
        )
    return match["repo"], match["revision"]


def _of_a_page(name: str) -> tuple[str, str | None] | None:
    """Those of an address on the Hub, None where it is none."""
    match = _PAGE.fullmatch(name)
    ours = constants.ENDPOINT.rpartition("//")[2].rpartition("@")[2]
    if match is None or match["host"] not in (*_HOSTS, ours):
        return None
    return match["repo"], unquote(match["revision"]) if match["revision"] else None
