"""Baselines on tasks as the work of jobs of a cluster."""

from dataclasses import dataclass

from icl_bench.frozen.compute import BaselineOnTask, chunks_kept, keep_chunks
from icl_bench.suites import Suite, load_suite
from icl_bench.workers import ThisProcess


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

    def is_done(self) -> bool:
        """Whether every chunk is kept."""
        kept, count = chunks_kept(self._suite, self.pair)
        return kept == count

    def saved(self) -> object:
        """How many chunks are kept."""
        return chunks_kept(self._suite, self.pair)[0]

    def run(self) -> None:
        """Compute the chunks that are missing; errors as of `freeze`."""
        keep_chunks(self._suite, self.pair, ThisProcess())

    @property
    def _suite(self) -> Suite:
        return load_suite(self.suite)
