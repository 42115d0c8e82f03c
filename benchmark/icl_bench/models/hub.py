"""Checkpoints on the Hub, fetched by huggingface_hub's own client and kept in its cache.

Only `config.json` and `model.safetensors` are ever asked for.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    _CACHED_NO_EXIST,
    constants,
    hf_hub_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import EntryNotFoundError

from icl_bench.errors import HubError
from icl_bench.models.hub_cache import (
    cached_file,
    cached_name,
    fetch_whole_file,
    listed_hashes,
    snapshot_folder,
)
from icl_bench.models.hub_client import READ_ONLY, endpoint, hub_errors, not_cached, repository_info
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE, ROOT, WEIGHTS_FILE, find_places, place_file

MAX_BYTES = 8_000_000_000  # of one repository's checkpoints together


@dataclass(frozen=True)
class Snapshot:
    """The wanted files of a repository at one commit, in the local cache."""

    repo: str  # user/model, as the Hub calls it
    commit: str  # 40 hexadecimal digits
    folder: Path
    places: list[str]  # the root, or the tasks' folders


def fetch(repo: str, tasks: Sequence[str], revision: str | None = None) -> Snapshot:
    """Fetch the checkpoint at the root of a repository, or those in the folders of `tasks`.

    `revision` is a branch, tag or commit, by default `main`. Every config is read before its weights are
    fetched, and every file held against its hash. The repository is called what the Hub calls it, whatever
    capitals or earlier name were asked for. HubError where it cannot be fetched whole; CheckpointError where
    a config is not one.
    """
    revision = revision or constants.DEFAULT_REVISION
    if constants.HF_HUB_OFFLINE:
        return _cached(cached_name(repo), tasks, revision)
    info = repository_info(repo, revision)
    repo, commit = info.id, str(info.sha)
    sizes = {file.rfilename: file.size for file in info.siblings or []}
    places = find_places(sizes, tasks, f"{repo}@{revision}")
    check_size(repo, {file: sizes[file] for place in places for file in _files(place)})
    hashes = listed_hashes(info)
    for place in places:
        folder = _download(repo, revision, commit, place, hashes)
    _note_absences(repo, revision, [place for place in (ROOT, *tasks) if place not in places])
    return Snapshot(repo, commit, folder, places)


def _download(repo: str, revision: str, commit: str, place: str, hashes: Mapping[str, str]) -> Path:
    """Bring the two files of one place into the cache; the snapshot's folder."""
    for file in _files(place):
        path = fetch_whole_file(repo, file, revision, commit, hashes.get(file))
        if path.name == CONFIG_FILE:
            read_config(path.parent)
    return snapshot_folder(path, file)


def _note_absences(repo: str, revision: str, places: list[str]) -> None:
    """Ask for configs that the repository does not have, so that the cache knows it without a network."""
    for place in places:
        with hub_errors(repo, revision), suppress(EntryNotFoundError):
            try:
                hf_hub_download(repo, place_file(place, CONFIG_FILE), revision=revision)
            except OSError as error:
                if error.errno not in READ_ONLY:  # a cache that others fill
                    raise


def _cached(repo: str, tasks: Sequence[str], revision: str) -> Snapshot:
    """What the cache holds of a repository; HubError where it may hold less than the repository, or damaged
    files."""
    with hub_errors(repo, revision):
        cached = {
            file: try_to_load_from_cache(repo, file, revision=revision)
            for place in (ROOT, *tasks)
            for file in _files(place)
        }
    held = {file: Path(path) for file, path in cached.items() if isinstance(path, str)}
    configs = [place_file(place, CONFIG_FILE) for place in tasks]
    unsure = [file for file in configs if file not in held and cached[file] is not _CACHED_NO_EXIST]
    wanted = [_files(place) for place in (ROOT, *tasks) if place_file(place, CONFIG_FILE) in held]
    broken_off = [file for files in wanted for file in files if file not in held]
    if not wanted or broken_off or (unsure and CONFIG_FILE not in held):
        raise not_cached(repo, revision)
    places = find_places(held, tasks, f"the cached {repo}@{revision}")
    for place in places:
        for file in _files(place):
            folder = snapshot_folder(cached_file(repo, file, held[file]), file)
    return Snapshot(repo, folder.name, folder, places)


def _files(place: str) -> list[str]:
    return [place_file(place, CONFIG_FILE), place_file(place, WEIGHTS_FILE)]


def check_size(repo: str, sizes: Mapping[str, int | None]) -> int:
    """How many bytes the files of a repository are together; HubError where that is not said, or too many."""
    unknown = [file for file, size in sizes.items() if size is None]
    if unknown:
        raise HubError(f"{endpoint()} does not say how large {unknown[0]} of {repo} is; check HF_ENDPOINT")
    total = sum(size or 0 for size in sizes.values())
    if total > MAX_BYTES:
        raise HubError(
            f"the checkpoints of {repo} are {total / 1e9:.1f} GB and at most {MAX_BYTES / 1e9:.0f} GB are "
            "fetched; name fewer tasks, or clone it and give the folder",
            code="too-large",
        )
    return total
