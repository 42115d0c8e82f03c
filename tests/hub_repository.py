"""A repository of the small Hub: files by commit, and who may read them."""

import hashlib
from dataclasses import dataclass, field

GOOD_TOKEN = "hf_good"
LARGE = (".safetensors", ".bin", ".parquet")


def git_hash(content: bytes) -> str:
    """What git and the Hub call a small file by."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


@dataclass
class Repo:
    """One repository: its commits, what names them, and who may read it."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)  # branches and tags
    private: bool = False  # hidden without the token
    gated: bool = False  # shown, but its files are refused

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Make a commit of these files, and nothing else; its hash."""
        parent = self.refs.get(branch, "")
        content = parent.encode() + b"".join(name.encode() + files[name] for name in sorted(files))
        digest = hashlib.sha1(content).hexdigest()
        self.commits[digest] = dict(files)
        self.refs[branch] = digest
        return digest

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or hash names."""
        return self.refs.get(revision) or (revision if revision in self.commits else None)
