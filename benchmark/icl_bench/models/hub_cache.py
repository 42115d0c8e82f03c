"""Files of the Hub in the client's cache: whether they are what their hashes say, and where they lie.

The client takes a cached file as it is. A flipped bit or a broken-off copy would be scored as the commit of
the repository, whose hashes are known: the Hub lists them, and a cached blob is called by its own.
"""

import hashlib
import os
import re
from pathlib import Path, PurePosixPath

from huggingface_hub import ModelInfo, constants, hf_hub_download

from icl_bench.errors import HubError
from icl_bench.models.hub_client import endpoint, hub_errors

_BLOCK = 2**20  # bytes that are hashed at a time
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def listed_hashes(info: ModelInfo) -> dict[str, str]:
    """The hash of each file that the Hub lists with one: SHA-256 of large files, git's of others."""
    siblings = info.siblings or []
    hashes = {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id for file in siblings}
    return {name: digest for name, digest in hashes.items() if digest and _HASH.fullmatch(digest)}


def fetch_whole_file(repo: str, file: str, revision: str, commit: str, digest: str | None) -> Path:
    """A file of the Hub in the cache, fetched where it is missing, and again where it is damaged.

    `digest` is its hash as the Hub lists it of the commit; where it lists none, the name of its blob is.
    HubError where it cannot be fetched, the revision is another commit by now, or the file is another than
    listed when it is fetched again too: then it is not kept.
    """
    for again in (False, True):
        with hub_errors(repo, revision):
            path = Path(hf_hub_download(repo, file, revision=revision, force_download=again))
        if snapshot_folder(path, file).name != commit:
            raise HubError(f"{repo}@{revision} changed while it was fetched; try again", code="moved-branch")
        if is_whole(path, digest):
            return path
        with hub_errors(repo, revision):
            path.unlink()  # a copy, as without symbolic links, would not be replaced
    raise HubError(
        f"{file} of {repo} is damaged in the cache {repository_folder(path, file)}, and a second download "
        f"is not what {endpoint()} lists; try again, or remove that folder",
        code="damaged-cache",
    )


def cached_file(repo: str, file: str, path: Path) -> Path:
    """A file that the cache holds; HubError where it is damaged, so that it has to be fetched again."""
    if not is_whole(path, None):
        raise HubError(
            f"{file} of {repo} is damaged in the cache {repository_folder(path, file)} and HF_HUB_OFFLINE is "
            "set; run once without it",
            code="damaged-cache",
        )
    return path


def is_whole(path: Path, digest: str | None) -> bool:
    """Whether a cached file has the hash that is listed, or that its blob is called by; True where neither is
    known, as without symbolic links and a network."""
    digest = digest or _blob_name(path)
    if digest is None:
        return True
    if len(digest) == 64:
        return _hash(path, "sha256") == digest
    git = f"blob {path.stat().st_size}\0".encode()
    return digest in (_hash(path, "sha1", git), _hash(path, "sha1"))  # mirrors have a name of their own


def snapshot_folder(path: Path, file: str) -> Path:
    """The folder of a commit in the cache, from the path of one of its files there."""
    return path.parents[len(PurePosixPath(file).parts) - 1]


def repository_folder(path: Path, file: str) -> Path:
    """The folder of a repository in the cache, which may be removed as a whole."""
    return snapshot_folder(path, file).parents[1]


def cached_name(repo: str) -> str:
    """The name of a repository as the cache has it, which is the Hub's, where that differs in capitals."""
    folder = f"models--{repo.replace('/', '--')}"
    try:
        names = os.listdir(constants.HF_HUB_CACHE)
    except OSError:
        return repo
    same = [name for name in names if name.casefold() == folder.casefold()]
    if folder in names or len(same) != 1:
        return repo
    return "/".join(same[0].split("--")[1:])


def _blob_name(path: Path) -> str | None:
    """The hash that the blob of a cached file is called by; None for a copy, and for other names."""
    try:
        name = Path(os.readlink(path)).name
    except OSError:
        return None
    return name if _HASH.fullmatch(name) else None


def _hash(path: Path, algorithm: str, before: bytes = b"") -> str:
    digest = hashlib.new(algorithm, before, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
