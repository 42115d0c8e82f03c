"""A script for sbatch that does what `--on slurm` does, by `--shard`, and needs no submitit."""

import shlex
from collections.abc import Sequence

from icl_bench.cluster.limits import Limits
from icl_bench.workers import KEEP_MEMORY, ONE_THREAD

_INTERRUPTED = 130  # what a verb ends with that was interrupted, and has saved
_MOST_RESTARTS = 100

_SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=0-{last}
{flags}
#SBATCH --output={name}-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=INT@{seconds}

# submit it from the folder in which it was printed; each of {count} parts finds what is done, and goes on
# with what is begun
{exports}
srun --unbuffered --cpus-per-task={cpus} {command} --shard auto/{count}
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
        exports="\n".join(f"export {name}={value}" for name, value in (ONE_THREAD | KEEP_MEMORY).items()),
        cpus=limits.cpus,
        seconds=limits.seconds_to_save,
        count=count,
        command=shlex.join(command),
        interrupted=_INTERRUPTED,
        restarts=_MOST_RESTARTS,
    )
