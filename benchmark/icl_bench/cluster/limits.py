"""What a job may take, in the words of Slurm."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from icl_bench.errors import InputError

_SECONDS_TO_SAVE = 90  # before the time limit, when a job is told to save: the end of a step, and the writing
_TIME = re.compile(r"(?:(?P<days>\d{1,4})-)?(?P<rest>\d{1,6}(?::\d{1,2}){0,2})")
_OWN = (  # what a job of ours is, and what is set by other options
    *(
        "array",
        "cpus-per-task",
        "error",
        "gpus",
        "gpus-per-node",
        "gpus-per-task",
        "job-name",
        "mem",
        "mem-per-cpu",
    ),
    *(
        "nodes",
        "ntasks",
        "ntasks-per-node",
        "open-mode",
        "output",
        "partition",
        "requeue",
        "signal",
        "time",
        "wrap",
    ),
)


@dataclass(frozen=True)
class Limits:
    """Of every job. `options` are further ones of sbatch, as account: my-lab."""

    minutes: int = 60
    memory: str = "4G"
    gpus: int = 0
    partition: str | None = None
    cpus: int = 1
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds_to_save(self) -> int:
        """How long before its end a job is told to save: a third of a short one, which has to begin first."""
        return min(_SECONDS_TO_SAVE, self.minutes * 20)

    def flags(self) -> dict[str, str]:
        """As options of sbatch, by name without the dashes."""
        flags = {"time": str(self.minutes), "mem": self.memory, "cpus-per-task": str(self.cpus)}
        if self.gpus:
            flags["gpus-per-node"] = str(self.gpus)
        if self.partition:
            flags["partition"] = self.partition
        return flags | dict(self.options)

    def parameters(self) -> dict[str, Any]:
        """As submitit's executor takes them. It has to know the time; the rest it writes as it is given."""
        rest = {key: value for key, value in self.flags().items() if key != "time"}
        return {
            "time": self.minutes,
            "signal_delay_s": self.seconds_to_save,
            "additional_parameters": {**rest, "requeue": True},
        }


def read_minutes(text: str) -> int:
    """Minutes of a time limit in Slurm's forms: 90, 90:00, 1:30:00, 1-12, 1-12:30, 1-12:30:00; seconds count
    as a whole minute. InputError where it has none of them."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"--time {text} is no time limit; write minutes, hours:minutes:seconds or days-hours, as 1:30:00",
            code="no-time-limit",
        )
    parts = [int(part) for part in match["rest"].split(":")]
    if match["days"] is not None:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    elif len(parts) == 3:
        hours, minutes, seconds = parts
    else:
        hours, (minutes, seconds) = 0, [*parts, 0][:2]
    total = int(match["days"] or 0) * 1_440 + hours * 60 + minutes + math.ceil(seconds / 60)
    if total < 1:
        raise InputError(f"--time {text} leaves no time; give a minute at least", code="no-time-limit")
    return total


def check_memory(text: str) -> str:
    """Memory as sbatch takes it: 500M, 4G. InputError where it is not."""
    if not re.fullmatch(r"[1-9]\d{0,8}[KMGT]", text):
        raise InputError(f"--memory {text} is no size; write it as 500M or 4G", code="no-memory-size")
    return text


def read_options(pairs: list[str]) -> dict[str, str]:
    """Further options of sbatch, each as KEY=VALUE. InputError where one is not, or is set here."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.lstrip("-")
        if not equals or not re.fullmatch(r"[a-z][a-z-]*", key) or not re.fullmatch(r"[^\s]+", value):
            raise InputError(
                f"--sbatch {pair} is no option of sbatch; write KEY=VALUE, as account=my-lab",
                code="no-option",
            )
        if key in _OWN:
            raise InputError(
                f"--sbatch {pair}: {key} is set here; leave it out, or use --time, --memory, --gpus or "
                "--partition",
                code="own-option",
            )
        options[key] = value
    return options
