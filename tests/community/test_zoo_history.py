"""The page of the zoo says that git has the weights and results of all runs of seed 0: it does."""

import io
import json
import re
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from reference_page import ZOO_PAGE

import icl_bench
from icl_bench.git import ask_git, run_git
from icl_bench.resources import data_folder

pytestmark = pytest.mark.slow

ROOT = data_folder("submissions").parent
RUNS = 90


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zoo as of the commit that the page names."""
    (commit,) = re.findall(r"git archive (\w+) submissions/zoo/runs", ZOO_PAGE.read_text(encoding="utf-8"))
    if ask_git(ROOT, "cat-file", "-e", f"{commit}:submissions/zoo") is None:
        pytest.skip("needs a clone with all commits")
    folder = tmp_path_factory.mktemp("history")
    packed = run_git(ROOT, "archive", commit, "submissions/zoo").stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "submissions/zoo"


def recorded(zoo: Path, name: str) -> dict[str, dict[str, object]]:
    return json.loads((zoo / name / "results/mini-v1-seed-0.json").read_text(encoding="utf-8"))["tasks"]


def test_every_result_of_seed_0_has_its_weights(zoo: Path) -> None:
    names = [path.parents[1].name for path in zoo.glob("*/results/mini-v1-seed-0.json")]
    results = [(name, task, result) for name in names for task, result in recorded(zoo, name).items()]
    assert len(results) == RUNS
    for name, task, result in results:
        weights = zoo / "runs/mini-v1" / name / "seed-0" / task / "model.safetensors"
        assert sha256(weights.read_bytes()).hexdigest() == result["checkpoint"]["sha256"], (name, task)


def test_the_weights_are_evaluated_to_the_recorded_numbers(zoo: Path) -> None:
    for name in ("mamba2", "linear-attention"):
        task = icl_bench.evaluate(
            str(zoo / f"runs/mini-v1/{name}/seed-0"), tasks="linear_regression", limit=64
        ).tasks["linear_regression"]
        expected = recorded(zoo, name)["linear_regression"]["prompt_errors"][:64]
        assert task.prompt_errors == pytest.approx(expected, rel=1e-3, abs=1e-5)
