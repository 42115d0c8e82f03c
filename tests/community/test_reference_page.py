"""The page about the references shows what is recorded of them, and is rewritten by one command."""

import json
import re

from reference_page import PAGE, commands, filled

from icl_bench.evaluation.recorded import board_records
from icl_bench.models.reference import PREFIX, reference_names, reference_runs, shipped_tasks
from icl_bench.suites import load_suite

TEXT = PAGE.read_text(encoding="utf-8")
SUITE = load_suite("mini-v1")
MOST_WEIGHTS = 30 * 2**20  # bytes, of all references together


def test_its_tables_are_what_their_commands_print() -> None:
    assert commands(TEXT) == [
        "leaderboard show --no-baselines",
        "leaderboard show --no-baselines --optimality",
    ]
    assert filled(TEXT) == TEXT, "run `make tables`"


def test_a_table_that_was_changed_is_noticed_and_mended() -> None:
    changed = re.sub(r"0\.\d{3} \[", "0.123 [", TEXT, count=1)
    assert changed != TEXT
    assert filled(changed) == TEXT


def test_every_reference_is_recorded_on_every_task() -> None:
    """With weights of seed 0; every recorded run of any seed has its learning curve."""
    tasks = list(SUITE.tasks)
    for name in reference_names(SUITE.name):
        records = board_records(PREFIX + name, SUITE)
        assert list(records[0].tasks) == shipped_tasks(name, SUITE.name, tasks) == tasks, name
        for seed, record in records.items():
            folder = reference_runs(name, SUITE.name, seed)
            curves = {path.parent.name for path in folder.glob("*/training.csv")}
            assert curves == set(record.tasks), (name, seed)


def test_the_weights_of_all_are_small_and_half_precise() -> None:
    weights = list(PAGE.parent.rglob("*.safetensors"))
    assert sum(path.stat().st_size for path in weights) <= MOST_WEIGHTS
    for path in weights:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        assert {one["dtype"] for name, one in header.items() if name != "__metadata__"} == {"F16"}
