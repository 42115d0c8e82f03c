"""`make tables`: writes the tables of submissions/reference/README.md anew, as their commands print them."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "submissions" / "reference" / "README.md"
_TABLE = re.compile(
    r"(?<=`\.venv/bin/icl-bench )(?P<verb>[^`]+)(?P<between>` prints:\n\n)(?P<table>(?:\|.*\n)+)"
)


def commands(text: str) -> list[str]:
    """The commands whose tables a page shows, without `.venv/bin/icl-bench`."""
    return [match["verb"] for match in _TABLE.finditer(text)]


def filled(text: str) -> str:
    """The page with what its commands print now."""
    return _TABLE.sub(lambda match: match["verb"] + match["between"] + _printed(match["verb"].split()), text)


def _printed(arguments: list[str]) -> str:
    command = [str(Path(sys.executable).parent / "icl-bench"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if line.startswith("|"))


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
