"""Baselines on tasks as the work of jobs of a cluster."""

from concurrent.futures import Executor
from dataclasses import dataclass

from icl_bench.frozen.compute import BaselineOnTask, chunks_kept, keep_chunks
from icl_bench.suites import Suite, load_suite
from icl_bench.workers import ThisProcess


def is_frozen(suite: Suite, task: str, baseline: str) -> bool:
    """Whether the errors of a baseline on a task are in the suite's lock."""
    return baseline in suite.home(task).lock.baselines.get(task, {})


@dataclass(frozen=True)
class ComputeBaseline:
    """The numbers of one baseline on one task, chunk by chunk into the cache folder, which all nodes share.

    Nothing is frozen here: `freeze` does that from the chunks, in one process. See
    `icl_bench.cluster.work.Work`.
    """

    suite: str
    pair: BaselineOnTask

    @property
    def key(self) -> str:
        """SUITE/TASK/BASELINE."""
        return f"{self.suite}/{self.pair.name}"

    @property
    def request(self) -> str:
        """The baseline with its numbers, and on how many prompts."""
        return f"{self.pair.baseline.model_dump_json()} {self.pair.prompts}"

    def is_done(self) -> bool:
        """Whether every chunk is kept, or the errors are frozen, which removes the chunks."""
        if is_frozen(self._suite, self.pair.task, self.pair.baseline.type):
            return True
        kept, count = chunks_kept(self._suite, self.pair)
        return kept == count

    def saved(self) -> object:
        """How many chunks are kept."""
        return chunks_kept(self._suite, self.pair)[0]

    def run(self) -> None:
        """Compute the chunks that are missing; errors as of `freeze`."""
        self.run_on(ThisProcess())

    def run_on(self, pool: Executor) -> None:
        """The same, on the processes of a pool."""
        keep_chunks(self._suite, self.pair, pool)

    @property
    def _suite(self) -> Suite:
        return load_suite(self.suite)
