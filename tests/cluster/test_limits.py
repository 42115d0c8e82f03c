"""What a job may take: in Slurm's own forms, and refused where it has none of them."""

import pytest

from icl_bench.cluster.limits import Limits, check_memory, read_minutes, read_options
from icl_bench.errors import InputError


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("90", 90), ("90:00", 90), ("90:01", 91), ("1:30:00", 90), ("0:0:1", 1)),
        *(("1-0", 1_440), ("1-12", 2_160), ("1-12:30", 2_190), ("1-12:30:30", 2_191)),
    ],
)
def test_time_limits_are_read_as_slurm_reads_them(text: str, minutes: int) -> None:
    """The forms of `man sbatch`, under --time."""
    assert read_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "1h", "0", "0:00", "1:2:3:4", "-5", "1-", "infinite", "1.5"])
def test_no_time_limit(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_minutes(text)
    assert refused.value.code == "no-time-limit"


def test_memory_has_a_unit() -> None:
    assert check_memory("500M") == "500M"
    for text in ("", "4", "4GB", "-1G", "0G", "4 G"):
        with pytest.raises(InputError) as refused:
            check_memory(text)
        assert refused.value.code == "no-memory-size"


def test_further_options_of_sbatch() -> None:
    assert read_options(["account=my-lab", "--qos=high"]) == {"account": "my-lab", "qos": "high"}
    for pair, code in {"account": "no-option", "a=b c": "no-option", "x\ny=1": "no-option"}.items():
        with pytest.raises(InputError) as refused:
            read_options([pair])
        assert refused.value.code == code
    with pytest.raises(InputError, match="use --time") as refused:
        read_options(["time=5"])
    assert refused.value.code == "own-option"


def test_a_job_has_time_to_save_and_a_short_one_to_begin() -> None:
    assert [Limits(minutes=minutes).seconds_to_save for minutes in (1, 3, 60)] == [20, 60, 90]
