"""Git LFS pointers: what lies in a checkout in place of a large file that was not fetched."""

from pathlib import Path

START = b"version https://git-lfs"  # of a pointer's content


def pointer_fault(content: bytes, path: Path | str) -> str | None:
    """The message for a file that is a pointer, given how its content begins; None where it is none."""
    if not content.startswith(START):
        return None
    return f"{path} is a Git LFS pointer, not the file itself; run `git lfs pull`"
