"""The divisions that models are placed in, and the states of an entry of a board.

The rule of the closed division is `icl_bench.ranking.divisions`.
"""

import re
from typing import Literal

from icl_bench.specs.text import shown

Division = Literal["closed", "open"]
CLOSED: Division = "closed"  # by the suite's recipe and budget: architectures compare
OPEN: Division = "open"  # anything goes
DIVISIONS: tuple[Division, ...] = (CLOSED, OPEN)

State = Literal["self-reported", "re-evaluated", "confirmed"]
SELF_REPORTED: State = "self-reported"  # a record that somebody sent, and nobody else can recompute
RE_EVALUATED: State = "re-evaluated"  # computed again from files that anybody can have
CONFIRMED: State = "confirmed"  # so too, and its authors say that it is theirs
STATES: tuple[State, ...] = (SELF_REPORTED, RE_EVALUATED, CONFIRMED)

_COMMENT = re.compile(
    r"https://github\.com/[\w.-]+/[\w.-]+/(?:pull|issues)/\d+#(?:issuecomment-|discussion_r|pullrequestreview-)\d+",
    re.ASCII,
)
_DISCUSSION = r"https://huggingface\.co/{model}/discussions/\d+(?:#[0-9a-f]+)?"


def confirmation_fault(address: str, model: str) -> str | None:
    """Why an address is not that of a statement whose account can be seen, and what to give; None where it
    is: a comment on GitHub, or a discussion of the model's own repository on the Hub."""
    if _COMMENT.fullmatch(address) or re.fullmatch(_DISCUSSION.format(model=re.escape(model)), address):
        return None
    return (
        f"{shown(address)} is neither a comment on GitHub (https://github.com/OWNER/REPOSITORY/pull/1"
        f"#issuecomment-2) nor a discussion of the model (https://huggingface.co/{model}/discussions/1); "
        "give the address of one in which the authors say that the entry is theirs"
    )
