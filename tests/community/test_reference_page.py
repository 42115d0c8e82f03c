"""The page about the references shows what is recorded of them, and is rewritten by one command."""

import json
import re
from collections import Counter

import pytest
from reference_page import PAGE, ZOO_PAGE, commands, filled

from icl_bench.models.reference import PREFIX, reference_names
from icl_bench.models.shipped import shipped_runs, shipped_tasks
from icl_bench.records.store import board_records
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.outcome import read_outcome
from icl_bench.specs.recipe import Recipe
from icl_bench.specs.schema import parse
from icl_bench.suites import load_suite
from icl_bench.training.convergence import outcome
from icl_bench.training.log import read_log

pytestmark = pytest.mark.slow

TEXT = PAGE.read_text(encoding="utf-8")
SUITE = load_suite("mini-v1")
MOST_WEIGHTS = 75 * 10**6  # bytes: of all that is shipped


def test_its_tables_are_what_their_commands_print() -> None:
    assert commands(TEXT) == [
        "icl-bench leaderboard show --no-baselines --format markdown",
        "icl-bench leaderboard show --no-baselines --metric score --format markdown",
        "icl-bench effects --of gain --format markdown",
        "python tests/community/reference_findings.py",
        "python tests/community/reference_findings.py mini-shifts",
    ]
    assert filled(TEXT) == TEXT, "run `make tables`"


def test_the_findings_of_the_zoo_are_what_their_command_prints() -> None:
    text = ZOO_PAGE.read_text(encoding="utf-8")
    assert commands(text) == [
        "python tests/community/reference_findings.py mini zoo",
        "python tests/community/reference_findings.py mini-conditioning",
    ]
    assert filled(text) == text, "run `make tables`"


def test_a_table_that_was_changed_is_noticed_and_mended() -> None:
    changed = re.sub(r"0\.\d{3} \[", "0.123 [", TEXT, count=1)
    assert changed != TEXT
    assert filled(changed) == TEXT


def test_every_reference_is_recorded_on_every_task() -> None:
    """Three times, with weights of seed 0; every recorded run of any seed has its learning curve."""
    tasks = list(SUITE.tasks)
    for name in reference_names(SUITE.name):
        records = board_records(PREFIX + name, SUITE)
        assert [*records] == [0, 1, 2]
        assert all(list(record.tasks) == tasks for record in records.values()), name
        assert list(records[0].tasks) == shipped_tasks(PREFIX + name, SUITE) == tasks, name
        for seed, record in records.items():
            folder = shipped_runs(PREFIX + name, SUITE.name, seed)
            curves = {path.parent.name for path in folder.glob("*/training.csv")}
            assert curves == set(record.tasks), (name, seed)


def test_it_says_where_runs_were_trained() -> None:
    trained = Counter(
        result.checkpoint.training["environment"]["device"]
        for name in reference_names(SUITE.name)
        for record in board_records(PREFIX + name, SUITE).values()
        for result in record.tasks.values()
    )
    words = f"{trained['cpu']} of the {trained.total()} runs on a CPU, {trained['cuda']} on an H200"
    assert words in " ".join(TEXT.split())


def test_what_runs_say_of_their_end_is_read_off_their_curves() -> None:
    """The curves in six digits: what is said of the older recipe's runs, nothing, is not looked at."""
    seen = 0
    for path in (PAGE.parent / "runs" / SUITE.name).glob("*/seed-*/*/config.json"):
        training = read_config(path.parent).training or {}
        recorded = read_outcome(training)
        if recorded is None:
            continue
        rows = read_log((path.parent / "training.csv").read_text())
        result = outcome(rows, parse(Recipe, training["recipe"], str(path)), int(rows[-1]["step"]))
        assert result.model_dump(exclude={"optimality", "doubling_gain"}) == recorded.model_dump(
            exclude={"optimality", "doubling_gain"}
        ), path
        assert result.optimality == pytest.approx(recorded.optimality, abs=1e-5), path
        assert result.doubling_gain == pytest.approx(recorded.doubling_gain, abs=1e-4), path
        seen += 1
    assert seen >= 12


def test_the_weights_of_all_are_small_and_half_precise() -> None:
    weights = list(PAGE.parents[1].glob("*/runs/**/*.safetensors"))
    assert any("zoo" in path.parts for path in weights)
    assert sum(path.stat().st_size for path in weights) <= MOST_WEIGHTS
    for path in weights:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        assert {tensor["dtype"] for name, tensor in header.items() if name != "__metadata__"} == {"F16"}
