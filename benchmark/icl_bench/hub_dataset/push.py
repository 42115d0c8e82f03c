"""A suite pushed to the Hub as a dataset, by huggingface_hub's own client."""

import datetime
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi, constants

from icl_bench.errors import InputError
from icl_bench.hub_dataset.croissant import CROISSANT_FILE
from icl_bench.hub_dataset.folder import ALL_TABLES, write_dataset
from icl_bench.hub_dataset.place import Place
from icl_bench.models.hub_client import hub_errors
from icl_bench.models.hub_names import check_dataset_name
from icl_bench.suites import Suite

_KIND = "dataset"
_FRESH = {".gitattributes", "README.md"}  # what the Hub itself puts into a new repository


def publish(
    suite: Suite,
    repo: str,
    private: bool = False,
    branch: str | None = None,
    date: datetime.date | None = None,
    quiet: bool = True,
) -> CommitInfo:
    """Push the dataset of a suite to ORG/NAME in one commit, which replaces one that is there.

    Args:
        suite: whose prompts.
        repo: ORG/NAME.
        private: of a repository that is made; InputError where one is there that is public.
        branch: made where there is none; the main one for None.
        date: that of publication, today's (UTC) for None.
        quiet: whether no progress is shown.

    The repository is made where there is none. A push that is cut off leaves the repository as it was, and
    a repeat sends what is not there yet. HubError where the Hub refuses or cannot be asked; InputError where
    the repository holds another dataset; SuiteError where the prompts are not as locked.
    """
    check_dataset_name(repo)
    date = date or datetime.datetime.now(datetime.UTC).date()
    place = Place(repo, date) if branch is None else Place(repo, date, branch)
    with tempfile.TemporaryDirectory(prefix="icl-bench-") as temporary:
        folder = Path(temporary) / "dataset"
        files = write_dataset(suite, folder, place, quiet)
        additions = [CommitOperationAdd(path, str(folder / path)) for path in files]
        with hub_errors(f"datasets/{repo}", place.branch, pushing=True):
            return _commit(place, private, additions, f"Publish {suite.name}")


def _commit(place: Place, private: bool, additions: list[CommitOperationAdd], message: str) -> CommitInfo:
    api = HfApi()
    api.create_repo(place.repo, repo_type=_KIND, private=private or None, exist_ok=True)
    if private and not api.dataset_info(place.repo).private:
        raise InputError(
            f"{place.url} is public; make it private in its settings, or name another dataset",
            code="public-dataset",
        )
    if place.branch != constants.DEFAULT_REVISION:
        api.create_branch(place.repo, repo_type=_KIND, branch=place.branch, exist_ok=True)
    there = api.list_repo_files(place.repo, repo_type=_KIND, revision=place.branch)
    if set(there) - _FRESH and CROISSANT_FILE not in there:
        raise InputError(
            f"{place.url} holds another dataset; name a new one: it is made where there is none",
            code="other-dataset",
        )
    written = {addition.path_in_repo for addition in additions}
    stale = [path for path in there if fnmatch(path, ALL_TABLES) and path not in written]
    return api.create_commit(
        place.repo,
        [*additions, *(CommitOperationDelete(path) for path in stale)],
        commit_message=message,
        repo_type=_KIND,
        revision=place.branch,
    )
