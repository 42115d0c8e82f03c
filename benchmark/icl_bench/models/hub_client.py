"""The Hub's own client, held to one line for whatever goes wrong with it, and to answers that are a Hub's.

HF_HOME, HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN and the client's timeouts are honoured by the client itself.
"""

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from httpx import InvalidURL
from huggingface_hub import HfApi, ModelInfo, constants
from huggingface_hub.errors import (
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

from icl_bench.errors import HubError
from icl_bench.resources import hf_home
from icl_bench.specs.text import shown

READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_CREDENTIALS = re.compile(r"(?<=//)[^/?#\s]*@")  # of an address, which may be a secret
# what the client raises: of the system, of HTTP, of names, transfers of the Xet storage as they are, a proxy
# whose package is not installed, and addresses and answers that are not what it takes them for
_CLIENT_ERRORS = (
    *(OSError, HTTPError, HFValidationError, RuntimeError, ImportError),
    *(InvalidURL, ValueError, TypeError, LookupError, AttributeError),
)
_NO_ANSWER = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def endpoint() -> str:
    """The Hub's address as it may be shown."""
    return _CREDENTIALS.sub("", constants.ENDPOINT)


def repository_info(
    repo: str, revision: str | None, token: bool | None = None, anonymous: bool = False
) -> ModelInfo:
    """What the Hub says of a repository at a revision: its name there, its commit, its files.

    HubError where it cannot be asked, or answers with something else.
    """
    with hub_errors(repo, revision or constants.DEFAULT_REVISION, anonymous=anonymous):
        info = HfApi(token=token).model_info(
            repo, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
        )
        names = [file.rfilename for file in info.siblings or []]
        sizes = [file.size for file in info.siblings or [] if file.size is not None]
        if not _REPOSITORY.fullmatch(info.id) or not _COMMIT.fullmatch(info.sha or ""):
            raise ValueError("it names no repository and commit")
        if not all(isinstance(name, str) for name in names) or any(size < 0 for size in sizes):
            raise ValueError("it names files that cannot be")
    return info


@contextmanager
def hub_errors(repo: str, revision: str, pushing: bool = False, anonymous: bool = False) -> Iterator[None]:
    """Turn whatever the client raises into one HubError with its remedy."""
    hf_home()  # InputError where the client would make a folder called `$NAME`
    if not constants.HF_HUB_OFFLINE:
        _check_endpoint()
    try:
        with _quiet_client():
            yield
    except _CLIENT_ERRORS as error:
        code, message = _fault(error, repo, revision, pushing, anonymous)
        raise HubError(_CREDENTIALS.sub("", message), code=code) from error


def not_cached(repo: str, revision: str) -> HubError:
    """The error where the cache may hold less than a repository, and nothing can be fetched."""
    return HubError(
        f"{repo}@{revision} is not whole in the cache {constants.HF_HUB_CACHE} and HF_HUB_OFFLINE is set; "
        "run once without it",
        code="not-cached",
    )


def _check_endpoint() -> None:
    """HubError where HF_ENDPOINT is no address that can be asked."""
    try:
        parts = urlsplit(constants.ENDPOINT)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable:
        raise HubError(
            f"HF_ENDPOINT is {shown(endpoint())}, which is no address of a Hub; unset it, or write it as "
            "https://huggingface.co",
            code="endpoint",
        )


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Silence the client's log, since its errors are reported here, and show its progress bars on terminals
    only."""
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


def _fault(error: BaseException, repo: str, revision: str, pushing: bool, anonymous: bool) -> tuple[str, str]:
    """The code and the message for what the client raised."""
    causes = list(_causes(error))
    where = f"{endpoint()}/{repo}"
    for cause in causes:
        fault = _refused(cause, where, revision, pushing, anonymous) or _unwritten(cause, repo)
        if fault:
            return fault
        if isinstance(cause, OfflineModeIsEnabled) and pushing:
            return "offline", f"nothing is pushed to {where} while HF_HUB_OFFLINE is set; unset it"
        if isinstance(cause, OfflineModeIsEnabled):
            absent = not_cached(repo, revision)
            return absent.code, str(absent)
    if isinstance(error, HFValidationError):
        message = f"{shown(repo)} is not a name on the Hub; write user/model, or user/model@revision"
        return "no-hub-name", message
    root = causes[-1]
    reason = (str(root) or type(root).__name__).splitlines()[0].rstrip(".")
    if isinstance(root, ImportError):
        return "no-proxy", f"{where} cannot be asked: {reason}; install that package, or unset the proxy"
    if isinstance(root, InvalidURL):
        return "no-proxy", f"{where} cannot be asked: {reason}; check HF_ENDPOINT and the proxy's variables"
    if isinstance(root, _NO_ANSWER) and not isinstance(root, OSError):
        return "no-hub", (
            f"what answers at {endpoint()} is no Hub: {reason}; check HF_ENDPOINT, and whether the network "
            "asks you to sign in"
        )
    if pushing:
        return "push-failed", f"pushing to {where} failed: {reason}; try again"
    return "fetch-failed", (
        f"fetching {where} failed: {reason}; try again, or set HF_HUB_OFFLINE=1 to use what is in the cache"
    )


def _refused(
    cause: BaseException, where: str, revision: str, pushing: bool, anonymous: bool
) -> tuple[str, str] | None:
    """The code and the message for an answer that the repository may not be seen or written."""
    status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else None
    if pushing and status in (401, 403, 404):
        message = f"{where} may not be written; log in by `hf auth login`, with a token that may"
        return "no-write-access", message
    closed = isinstance(cause, GatedRepoError | RepositoryNotFoundError) or status in (401, 403)
    if anonymous and closed:
        message = f"{where} is private, gated or not there; a submission is of a model that is public"
        return "not-public", message
    if isinstance(cause, GatedRepoError) or status == 403:
        message = f"no access to {where}; accept its terms there, then log in with `hf auth login`"
        return "no-access", message
    if isinstance(cause, RepositoryNotFoundError) or status == 401:
        message = (
            f"there is no model {where}, or it is private; check the name, or log in with `hf auth login`"
        )
        return "no-such-model", message
    if isinstance(cause, RevisionNotFoundError):
        return "no-such-revision", f"{where} has no revision {revision!r}; name a branch, tag or commit of it"
    return None


def _unwritten(cause: BaseException, repo: str) -> tuple[str, str] | None:
    """The code and the message for a cache that takes no file."""
    if not isinstance(cause, OSError) or isinstance(cause, HTTPError):
        return None
    if cause.errno in _FULL:
        return "no-space", f"no space for {repo} in {constants.HF_HUB_CACHE}; free some, or set HF_HOME"
    if cause.errno in READ_ONLY and cause.filename is not None:
        return "read-only-cache", (
            f"the cache {constants.HF_HUB_CACHE} does not hold {repo} as it is now, and cannot be written "
            f"({cause.strerror}); set HF_HOME to a folder of yours, or HF_HUB_OFFLINE=1 to use what it holds"
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
