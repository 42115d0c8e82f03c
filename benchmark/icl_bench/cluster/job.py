"""A job of a cluster: pieces of work, one after the other. It is run by submitit, on a node."""

import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from submitit.core.job_environment import JobEnvironment
from submitit.helpers import DelayedSubmission

from icl_bench.cluster.commands import ask
from icl_bench.cluster.submitted import BEGINS
from icl_bench.cluster.work import Work
from icl_bench.errors import ICLBenchError
from icl_bench.interruptions import interrupt_once
from icl_bench.temporary import keep_leftovers

STOPPED = 143  # 128 + SIGTERM, as shells have it


class Job:
    """Does what is left of its work. A piece that fails stops no other one, and the job's exit code is 1.

    Before its time limit, and when another job takes its place, a job saves what it does and is queued again,
    under the same number. A time limit that was too short for anything to be saved ends it: it would be
    queued again for ever. A job that is cancelled saves and ends.
    """

    def __init__(self, works: Sequence[Work]) -> None:
        self.works = tuple(works)

    def __call__(self) -> None:
        """Do the work. Ends the process where a piece fails or the job is stopped."""
        print_line(BEGINS)
        keep_leftovers()
        before, signals = self._saved(), _Signals()
        try:
            failed = [work.key for work in self.works if not (work.is_done() or _is_done_now(work))]
        except KeyboardInterrupt:
            saved = self._saved() != before
            if (signals.time_is_up and saved) or _is_preempted():
                signals.queue_again()
            if signals.time_is_up:
                print_line("nothing was saved within the time limit; submit again with more --time")
            else:
                print_line("stopped, and saved" if saved else "stopped")
            sys.exit(STOPPED)
        if failed:
            sys.exit(1)

    def checkpoint(self) -> DelayedSubmission:
        """What submitit has the job do when it is queued again: the same, less what is done."""
        return DelayedSubmission(self)

    def _saved(self) -> list[object]:
        return [work.saved() for work in self.works]


class _Signals:
    """From here on the first signal interrupts as Ctrl-C does, also the one that comes before the time limit.

    Where the limit is short or the machine busy, both come while the run is saved: the other is ignored.
    """

    def __init__(self) -> None:
        self.time_is_up = False
        self._number: signal.Signals = getattr(signal, f"SIG{JobEnvironment.USR_SIG}")
        self._handler_of_submitit = signal.getsignal(self._number)
        signal.signal(self._number, self._note)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupt_once)

    def queue_again(self) -> None:
        """Let submitit do what it does at that signal: ask Slurm to queue the job again, and end."""
        signal.signal(self._number, self._handler_of_submitit)
        signal.raise_signal(self._number)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.time_is_up = True
        signal.raise_signal(signal.SIGINT)


def _is_preempted() -> bool:
    """Whether Slurm has this job go for another one, and counts on it to end within a time of grace.

    Without such a time Slurm queues the job again by itself.
    """
    try:
        job = ask(["scontrol", "show", "job", os.environ.get("SLURM_JOB_ID", "")])
    except ICLBenchError:
        return False
    return re.search(r"\bPreemptTime=\d", job) is not None and "JobState=RUNNING" in job


def _is_done_now(work: Work) -> bool:
    """Whether a piece of work could be done; if not, its key and the reason are the last line of the log."""
    try:
        work.run()
    except ICLBenchError as error:
        print_line(f"{work.key}: error: {' '.join(str(error).split())}")
        return False
    except Exception as error:  # noqa: BLE001  # a fault of ours, which is no reason to leave the others undone
        traceback.print_exc()
        print_line(f"{work.key}: {type(error).__name__}: {' '.join(str(error).split())}")
        return False
    return True


def print_line(line: str) -> None:
    """Into the log of the job's errors."""
    print(line, file=sys.stderr, flush=True)
