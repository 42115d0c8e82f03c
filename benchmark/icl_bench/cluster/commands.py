"""Running the commands of Slurm."""

import os
import re
import subprocess
from collections.abc import Sequence

from icl_bench.errors import InputError

ANSWER_SECONDS = 60


def ask(command: Sequence[str]) -> str:
    """What a command of Slurm prints. InputError where it is not there, or says that something is wrong."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SQUEUE_")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False, env=settings
        )
    except FileNotFoundError:
        raise InputError(
            f"there is no Slurm here: no command {command[0]}; run this on a machine that submits to the "
            "cluster, or print a script by --print",
            code="no-slurm",
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"{command[0]} does not answer: {error}; try again later", code="slurm-silent"
        ) from None
    if done.returncode:
        raise InputError(
            f"{command[0]} failed: {last_line(done.stderr)}; is the cluster up? try again later",
            code="slurm-silent",
        )
    return done.stdout


def last_line(text: str) -> str:
    """The last line of what a command of Slurm says of a fault, without the command's name."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        re.sub(r"^(sbatch|squeue|scontrol|srun): (error: )?", "", lines[-1]) if lines else "it says nothing"
    )
