"""Checkpoints on the Hub, fetched and pushed by huggingface_hub's own client and kept in its cache.

HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN and the client's timeouts are honoured by the client itself.
Only `config.json` and `model.safetensors` are ever asked for.
"""

import errno
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import (
    _CACHED_NO_EXIST,
    CommitOperationAdd,
    HfApi,
    constants,
    hf_hub_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from huggingface_hub.utils import logging as hub_logging

from icl_bench.errors import HubError, InputError
from icl_bench.models.checkpoint import check_checkpoint
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE, ROOT, WEIGHTS_FILE, find_places, place_file

MAX_BYTES = 8_000_000_000  # of one repository's checkpoints together
CARD_FILES = ("README.md", "*/README.md", ".eval_results/*.yaml")  # of a folder that is pushed
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Snapshot:
    """The wanted files of a repository at one commit, in the local cache."""

    repo: str  # user/model
    commit: str  # 40 hexadecimal digits
    folder: Path
    places: list[str]  # the root, or the tasks' folders


def fetch(repo: str, tasks: Sequence[str], revision: str | None = None) -> Snapshot:
    """Fetch the checkpoint at the root of a repository, or those in the folders of `tasks`.

    `revision` is a branch, tag or commit, by default `main`. Every config is read before its weights are
    fetched. HubError where the repository cannot be fetched whole; CheckpointError where a config is not one.
    """
    revision = revision or constants.DEFAULT_REVISION
    if constants.HF_HUB_OFFLINE:
        return _cached(repo, tasks, revision)
    with told_in_one_line(repo, revision):
        info = HfApi().model_info(
            repo, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
        )
    commit = info.sha or ""
    if not _COMMIT.fullmatch(commit):
        raise HubError(f"{constants.ENDPOINT} names no commit for {repo}@{revision}; check HF_ENDPOINT")
    sizes = {file.rfilename: file.size for file in info.siblings or []}
    places = find_places(sizes, tasks, f"{repo}@{revision}")
    _check_size(repo, {file: sizes[file] for place in places for file in _files(place)})
    for place in places:
        folder = _download(repo, revision, commit, place)
    _note_absences(repo, revision, [place for place in (ROOT, *tasks) if place not in places])
    return Snapshot(repo, commit, folder, places)


def _download(repo: str, revision: str, commit: str, place: str) -> Path:
    """Bring the two files of one place into the cache; the snapshot's folder."""
    for file in _files(place):
        with told_in_one_line(repo, revision):
            path = Path(hf_hub_download(repo, file, revision=revision))
        folder = _snapshot_folder(path, file)
        if folder.name != commit:
            raise HubError(f"{repo}@{revision} changed while it was fetched; try again")
        if path.name == CONFIG_FILE:
            read_config(path.parent)
    return folder


def _note_absences(repo: str, revision: str, places: list[str]) -> None:
    """Ask for configs that the repository does not have, so that the cache knows it without a network."""
    for place in places:
        with told_in_one_line(repo, revision), suppress(EntryNotFoundError):
            hf_hub_download(repo, place_file(place, CONFIG_FILE), revision=revision)


def _cached(repo: str, tasks: Sequence[str], revision: str) -> Snapshot:
    """What the cache holds of a repository; HubError where it may hold less than the repository."""
    with told_in_one_line(repo, revision):
        found = {
            file: try_to_load_from_cache(repo, file, revision=revision)
            for place in (ROOT, *tasks)
            for file in _files(place)
        }
    held = {file: Path(path) for file, path in found.items() if isinstance(path, str)}
    configs = [place_file(place, CONFIG_FILE) for place in tasks]
    unsure = [file for file in configs if file not in held and found[file] is not _CACHED_NO_EXIST]
    if not held or (unsure and CONFIG_FILE not in held):
        raise _not_cached(repo, revision)
    places = find_places(held, tasks, f"the cached {repo}@{revision}")
    file = place_file(places[0], CONFIG_FILE)
    folder = _snapshot_folder(held[file], file)
    return Snapshot(repo, folder.name, folder, places)


def push(
    folder: Path,
    repo: str,
    private: bool | None = None,
    message: str = "Add checkpoints",
    card: Mapping[str, str] | None = None,
) -> str:
    """Push a folder of checkpoints (one at its root, or one folder a task) in one commit; its URL.

    Every checkpoint is checked first (CheckpointError). The repository is made where there is none. `card` is
    the text of the model card's files by their paths; None stands for those that lie in the folder. A single
    model in memory is pushed by its own `push_to_hub`.
    """
    configs = sorted([*folder.glob(CONFIG_FILE), *folder.glob(f"*/{CONFIG_FILE}")])
    if not configs:
        raise InputError(f"{folder} holds no {CONFIG_FILE}, nor do its folders; name a folder of checkpoints")
    for config in configs:
        check_checkpoint(config.parent)
    paths = [path for config in configs for path in (config, config.with_name(WEIGHTS_FILE))]
    if card is None:
        paths += [path for pattern in CARD_FILES for path in sorted(folder.glob(pattern))]
    files: dict[str, str | bytes] = {path.relative_to(folder).as_posix(): str(path) for path in paths}
    files |= {path: text.encode() for path, text in (card or {}).items()}
    with told_in_one_line(repo, constants.DEFAULT_REVISION, pushing=True):
        api = HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        additions = [CommitOperationAdd(path, content) for path, content in files.items()]
        return str(api.create_commit(repo, additions, commit_message=message).commit_url)


def _files(place: str) -> list[str]:
    return [place_file(place, CONFIG_FILE), place_file(place, WEIGHTS_FILE)]


def _snapshot_folder(path: Path, file: str) -> Path:
    return path.parents[len(PurePosixPath(file).parts) - 1]


def _check_size(repo: str, sizes: dict[str, int | None]) -> None:
    unknown = [file for file, size in sizes.items() if size is None]
    if unknown:
        raise HubError(
            f"{constants.ENDPOINT} does not say how large {unknown[0]} of {repo} is; check HF_ENDPOINT"
        )
    total = sum(size or 0 for size in sizes.values())
    if total > MAX_BYTES:
        raise HubError(
            f"the checkpoints of {repo} are {total / 1e9:.1f} GB and at most {MAX_BYTES / 1e9:.0f} GB are "
            "fetched; name fewer tasks, or clone it and give the folder"
        )


@contextmanager
def told_in_one_line(
    repo: str, revision: str, pushing: bool = False, anonymous: bool = False
) -> Iterator[None]:
    """Turn whatever the client raises into one HubError with its remedy."""
    try:
        with _quiet_client():
            yield
    # RuntimeError: transfers of the Xet storage, which the client passes on as they are
    except (OSError, HTTPError, HFValidationError, RuntimeError) as error:
        raise _hub_error(error, repo, revision, pushing, anonymous) from error


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the client's log still, its errors being told here, and its progress bars to terminals."""
    level = hub_logging.get_verbosity()
    asked_for = constants.HF_HUB_DISABLE_PROGRESS_BARS is not None or are_progress_bars_disabled()
    hide = not asked_for and (sys.stderr is None or not sys.stderr.isatty())
    hub_logging.set_verbosity_error()
    if hide:
        disable_progress_bars()
    try:
        yield
    finally:
        hub_logging.set_verbosity(level)
        if hide:
            enable_progress_bars()


def _hub_error(error: BaseException, repo: str, revision: str, pushing: bool, anonymous: bool) -> HubError:
    causes = list(_causes(error))
    where = f"{constants.ENDPOINT}/{repo}"
    for cause in causes:
        status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else None
        if pushing and status in (401, 403, 404):
            return HubError(f"{where} may not be written; log in by `hf auth login`, with a token that may")
        closed = isinstance(cause, GatedRepoError | RepositoryNotFoundError) or status in (401, 403)
        if anonymous and closed:
            return HubError(
                f"{where} is private, gated or not there; a submission is of a model that is public"
            )
        if isinstance(cause, GatedRepoError) or status == 403:
            return HubError(f"no access to {where}; accept its terms there, then log in with `hf auth login`")
        if isinstance(cause, RepositoryNotFoundError) or status == 401:
            return HubError(
                f"there is no model {where}, or it is private; check the name, or log in with `hf auth login`"
            )
        if isinstance(cause, RevisionNotFoundError):
            return HubError(f"{where} has no revision {revision!r}; name a branch, tag or commit of it")
        if isinstance(cause, OfflineModeIsEnabled):
            return _not_cached(repo, revision)
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return HubError(f"no space for {repo} in {constants.HF_HUB_CACHE}; free some, or set HF_HOME")
    if isinstance(error, HFValidationError):
        return HubError(f"{repo!r} is not a name on the Hub; write user/model, or user/model@revision")
    root = causes[-1]
    reason = (str(root) or type(root).__name__).splitlines()[0].rstrip(".")
    if pushing:
        return HubError(f"pushing to {where} failed: {reason}; try again")
    return HubError(
        f"fetching {where} failed: {reason}; try again, or set HF_HUB_OFFLINE=1 to use what is in the cache"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _not_cached(repo: str, revision: str) -> HubError:
    return HubError(
        f"{repo}@{revision} is not whole in the cache {constants.HF_HUB_CACHE} and HF_HUB_OFFLINE is set; "
        "run once without it"
    )
