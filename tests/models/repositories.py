"""The repositories that the tests put on their Hub, and the one line that fetching is refused with."""

from raising import raises

from icl_bench.errors import HubError
from icl_bench.models.hub import fetch

NAME = "someone/model"
TASKS = ["linear_regression", "decision_tree", "sparse_parity"]
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def refused(code: str, *naming: object, name: str = NAME, revision: str | None = None, error=HubError) -> str:
    """The one line that fetching is refused with; it holds all of `naming`."""
    with raises(error, code, naming=naming) as caught:
        fetch(name, TASKS, revision)
    return str(caught.value)
