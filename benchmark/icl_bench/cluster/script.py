"""A script for sbatch that does what `--on slurm` does, by `--shard`, and needs no submitit."""

import shlex
from collections.abc import Sequence

from icl_bench.cluster.limits import Limits

_INTERRUPTED = 130  # what a verb ends with that was interrupted, and has saved
_MOST_RESTARTS = 1_000

_SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=0-{last}
{flags}
#SBATCH --output={name}-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=INT@{seconds}

# part SLURM_ARRAY_TASK_ID of {count}; each finds what is done, and goes on with what is begun
export OMP_NUM_THREADS=1
srun --unbuffered {command} --shard auto/{count}
code=$?
# {interrupted}: stopped before the time limit, and saved
if [ "$code" -eq {interrupted} ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {restarts} ]; then
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
fi
exit "$code"
"""


def sbatch_script(command: Sequence[str], count: int, limits: Limits) -> str:
    """The script of an array of `count` jobs, each of which does one part of what `command` does."""
    flags = "\n".join(f"#SBATCH --{key}={shlex.quote(value)}" for key, value in limits.flags().items())
    return _SCRIPT.format(
        name="icl-bench",
        last=count - 1,
        flags=flags,
        seconds=limits.seconds_to_save,
        count=count,
        command=shlex.join(command),
        interrupted=_INTERRUPTED,
        restarts=_MOST_RESTARTS,
    )
