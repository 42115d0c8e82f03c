"""The walk of one's own model: train two seeds, evaluate both, draw, compare, and stand on the board."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import icl_bench
from icl_bench.leaderboard.entries import baseline_contenders
from icl_bench.ranking.board import Board
from icl_bench.ranking.contenders import contender, several_runs

pytestmark = pytest.mark.slow

TASK = "mini/linear_regression"
COMMAND = [str(Path(sys.executable).parent / "icl-bench")]


def test_two_seeds_of_ones_own_go_from_training_to_the_board(spec: Path, tmp_path: Path) -> None:
    def verb(*arguments: str) -> str:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for seed in "01":
        verb("train", str(spec), TASK, "--seed", seed, "--steps", "3", "--quiet")
    printed = verb("evaluate", "runs/mini-v1/tiny", "--task", "linear_regression")
    assert "tiny on mini-v1, 2 seeds" in printed
    files = [f"results/tiny-mini-v1-linear_regression-seed-{seed}.json" for seed in "01"]
    records = [icl_bench.load_record(tmp_path / file) for file in files]
    results = [record.tasks["linear_regression"] for record in records]
    assert [result.seed for result in results] == [0, 1]
    given = [word for file in files for word in ("--record", file)]

    verb("tasks", "chart", TASK, "chart.csv", "--baseline", "ridge", *given)
    head, *rows = csv.reader((tmp_path / "chart.csv").read_text().splitlines())
    assert head == ["context length", "ridge", "tiny"]
    means = [sum(pair) / 2 for pair in zip(*(result.error_curves.model for result in results), strict=True)]
    assert [float(row[2]) for row in rows] == pytest.approx(means)

    suite, own = icl_bench.load_suite("mini"), contender("tiny", records)
    board = Board(suite, [own, *several_runs(suite, [own])], baseline_contenders(suite))
    (mine,) = (standing for standing in board.models if standing.name == "tiny")
    score = mine.scores["linear_regression"]
    compared = verb("compare", ",".join(files), "baseline/ridge", "--task", "linear_regression", "--json")
    comparison = json.loads(compared)
    assert (comparison["a"], comparison["runs"]["A"]) == ("tiny", 2)
    gain = mine.estimates["gain"]["linear_regression"]
    assert comparison["differences"][0]["gain_a"] == pytest.approx(gain.value)

    shown = json.loads(verb("leaderboard", "show", "--json", *given))
    (mine,) = [model for model in shown["models"] if model["local"]]
    task = mine["tasks"]["linear_regression"]
    assert (mine["name"], task["runs"]) == ("tiny", 2)
    pooled = task["estimates"]["score"]
    ends = [score.value, score.low, score.high]
    assert [pooled[end] for end in ("value", "low", "high")] == pytest.approx(ends, rel=1e-12)
