"""Where verbs are explained: the last line of a help text is the address of its page on the project's site.

The address is that of the environment variable ICL_BENCH_ADDRESS, which `leaderboard build` reads too, or the
`Documentation` of the installed package. Where neither says one there is no such line.
"""

import os
from importlib.metadata import metadata

ADDRESS_VARIABLE = "ICL_BENCH_ADDRESS"
PAGES = {  # by verb or group of verbs
    "evaluate": "submit.html",
    "compare": "method.html#compare",
    "effects": "method.html#effects",
    "predict": "submit.html#python",
    "probe": "method.html",
    "submit": "submit.html#board",
    "verify": "method.html#again",
    "reproduce": "method.html#again",
    "train": "method.html#training",
    "sweep": "method.html#training",
    "tasks": "tasks.html",
    "baselines": "method.html#optimality",
    "models": "submit.html#spec",
    "submissions": "submit.html#board",
    "leaderboard": "index.html",
}


def page_of(verb: str) -> str | None:
    """The line below the help of a verb, or of one in a group of this name."""
    address = os.environ.get(ADDRESS_VARIABLE) or _documentation()
    if not address or verb not in PAGES:
        return None
    return f"Page: {address.rstrip('/')}/{PAGES[verb]}"


def _documentation() -> str | None:
    urls = dict(entry.split(", ", 1) for entry in metadata("icl-bench").get_all("Project-URL") or [])
    return urls.get("Documentation")
