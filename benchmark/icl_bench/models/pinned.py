"""Files of a repository that are known by name, size and hash beforehand: fetched without credentials, and
nothing else with them."""

import errno
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import hf_hub_download

from icl_bench.errors import HubError
from icl_bench.models.hub_client import endpoint, hub_errors, repository_info

SPARE_BYTES = 2**26  # that the client may write beside a file: caches, partial files


@dataclass(frozen=True)
class Listed:
    """What a file must be."""

    sha256: str
    most: int  # bytes


def check_listed(repo: str, commit: str, files: Mapping[str, Listed]) -> int:
    """Ask the server about files of a commit, without fetching them; how many bytes they have together.

    HubError where the repository is not public, or where a file is missing, of unknown size, too large or, as
    far as the server knows, of another hash.
    """
    info = repository_info(repo, commit, token=False, anonymous=True)
    if info.id != repo:
        raise HubError(
            f"{repo} is called {info.id} on the Hub; submit it under that name", code="other-repository-name"
        )
    if info.sha != commit:
        raise HubError(
            f"{repo}@{commit} is commit {info.sha}; name a commit by its 40 digits", code="branch-for-commit"
        )
    held = {file.rfilename: file for file in info.siblings or []}
    for name, wanted in files.items():
        if name not in held:
            raise HubError(
                f"{repo}@{commit} holds no {name}; list the files that it holds", code="file-not-there"
            )
        size, lfs = held[name].size, held[name].lfs
        if size is None:
            raise HubError(f"{endpoint()} does not say how large {name} of {repo} is; check HF_ENDPOINT")
        if size > wanted.most:
            raise HubError(
                f"{name} of {repo} has {size:,} bytes and at most {wanted.most:,} are fetched of it; "
                "keep in it what its model needs alone",
                code="larger-than-spec",
            )
        if lfs is not None and lfs.sha256 and lfs.sha256 != wanted.sha256:
            raise _other_hash(repo, name, lfs.sha256, wanted)
    return sum(held[name].size or 0 for name in files)


def fetch_listed(repo: str, commit: str, name: str, wanted: Listed, folder: Path) -> Path:
    """Fetch one file to `folder`/`name`. HubError where it is not available, larger than allowed, or of
    another hash; then it is not kept."""
    with hub_errors(repo, commit, anonymous=True), _bounded(repo, name, wanted.most):
        path = Path(hf_hub_download(repo, name, revision=commit, local_dir=folder, token=False))
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the client's notes
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wanted.sha256:
        path.unlink()
        raise _other_hash(repo, name, digest, wanted)
    return path


def _other_hash(repo: str, name: str, digest: str, wanted: Listed) -> HubError:
    return HubError(
        f"{name} of {repo} has SHA-256 {digest} and the submission lists {wanted.sha256}; "
        "list the files of the commit that it names",
        code="other-content",
    )


@contextmanager
def _bounded(repo: str, name: str, most: int) -> Iterator[None]:
    """While it is held, no file of this process grows beyond a size, whatever a server announced."""
    try:
        import resource
    except ImportError:  # not on Windows
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = most + SPARE_BYTES
    if before[1] != resource.RLIM_INFINITY:
        limit = min(limit, before[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise HubError(
            f"{name} of {repo} is larger than announced; nothing of it is kept", code="larger-than-announced"
        ) from None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
