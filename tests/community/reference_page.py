"""`make tables`: writes the tables and findings of the pages of shipped models as commands print them."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE, ZOO_PAGE = (ROOT / "submissions" / name / "README.md" for name in ("reference", "zoo"))
_PRINTED = re.compile(
    r"(?<=`\.venv/bin/)(?P<command>[^`]+)(?P<between>` prints:\n\n)"
    r"(?P<table>(?:\|.*\n)+|###[\s\S]*?\n(?=\n## |\Z))"
)


def commands(text: str) -> list[str]:
    """The commands whose tables and findings a page shows, without `.venv/bin/`."""
    return [match["command"] for match in _PRINTED.finditer(text)]


def filled(text: str) -> str:
    """The page with what its commands print now."""
    return _PRINTED.sub(lambda match: match["command"] + match["between"] + _printed(match["command"]), text)


@cache
def _printed(command: str) -> str:
    tool, *arguments = command.split()
    place = str(Path(sys.executable).parent / tool)
    done = subprocess.run([place, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    whole = done.stdout.startswith("### ")
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if whole or line.startswith("|"))


if __name__ == "__main__":
    for page in (PAGE, ZOO_PAGE):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
