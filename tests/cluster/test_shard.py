"""Parts of work: all of them together have everything once, and a scheduler's variables name one."""

import pytest

from icl_bench.cluster.shard import Shard, read_shard
from icl_bench.errors import InputError

VARIABLES = (
    *(f"SLURM_ARRAY_TASK_{part}" for part in ("ID", "MIN", "STEP", "MAX")),
    *("PBS_ARRAY_INDEX", "PBS_ARRAYID"),
    *(f"SGE_TASK_{part}" for part in ("ID", "FIRST", "STEPSIZE", "LAST")),
)


@pytest.fixture(autouse=True)
def _no_array(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def slurm(number: str, first: str, step: str, last: str) -> dict[str, str]:
    parts = {"ID": number, "MIN": first, "STEP": step, "MAX": last}
    return {f"SLURM_ARRAY_TASK_{part}": value for part, value in parts.items()}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 11])
def test_parts_together_have_every_item_once(count: int) -> None:
    items = list(range(7))
    parts = [read_shard(f"{index}/{count}").select(items) for index in range(count)]
    assert sorted(item for part in parts for item in part) == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("variables", "text", "part"),
    [
        (slurm("3", "0", "1", "7"), "auto", Shard(3, 8)),
        (slurm("1", "1", "1", "8"), "auto", Shard(0, 8)),  # --array=1-8
        (slurm("8", "1", "1", "8"), "auto/8", Shard(7, 8)),
        (slurm("6", "0", "2", "6"), "auto", Shard(3, 4)),  # --array=0-6:2
        (slurm("7", "3", "1", "7"), "auto/8", Shard(7, 8)),  # --array=3,7 of what was divided into 8
        ({"SLURM_ARRAY_TASK_ID": "3"}, "auto/8", Shard(3, 8)),
        ({"PBS_ARRAY_INDEX": "0"}, "auto/2", Shard(0, 2)),
        ({"PBS_ARRAYID": "1"}, "auto/2", Shard(1, 2)),
        ({"SGE_TASK_ID": "1", "SGE_TASK_FIRST": "1", "SGE_TASK_LAST": "4"}, "auto", Shard(0, 4)),
        ({"SGE_TASK_ID": "4"}, "auto/4", Shard(3, 4)),  # SGE counts from 1
        ({"SGE_TASK_ID": "undefined", "PBS_ARRAY_INDEX": "2"}, "auto/3", Shard(2, 3)),
        ({}, " 7/8 ", Shard(7, 8)),
    ],
)
def test_variables_of_schedulers_name_a_part(
    variables: dict[str, str], text: str, part: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert read_shard(text) == part


@pytest.mark.parametrize(
    "text", ["", "3", "a/b", "8/8", "-1/8", "0/0", "1/", "/8", "auto/x", "1/8/2", "1.0/8"]
)
def test_what_is_no_part_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    with pytest.raises(InputError) as refused:
        read_shard(text)
    assert refused.value.code == "no-shard"


def test_an_array_that_is_larger_than_the_work_was_divided_into_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "8")
    with pytest.raises(
        InputError, match="SLURM_ARRAY_TASK_ID is 8, which is none of 8 parts, which are 0 to 7"
    ):
        read_shard("auto/8")


def test_auto_needs_an_array_and_a_number_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as refused:
        read_shard("auto/8")
    assert refused.value.code == "no-array"
    monkeypatch.setenv("PBS_ARRAY_INDEX", "1")
    with pytest.raises(InputError, match="give --shard auto/N") as refused:
        read_shard("auto")
    assert refused.value.code == "shard-count"
