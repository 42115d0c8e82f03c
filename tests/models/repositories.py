"""The repositories that the tests put on their Hub, and the one line that fetching is refused with."""

import pytest

from icl_bench.errors import HubError
from icl_bench.models.hub import fetch

NAME = "someone/model"
TASKS = ["linear_regression", "decision_tree", "sparse_parity"]
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def refused(*parts: str, name: str = NAME, revision: str | None = None, error=HubError) -> str:
    """The one line that fetching is refused with; it holds every part."""
    with pytest.raises(error) as caught:
        fetch(name, TASKS, revision)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    return message
