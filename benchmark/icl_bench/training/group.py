"""Runs that one process trains: several of one shape, or one alone. A fault of one is its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from icl_bench.errors import CheckpointError, ICLBenchError
from icl_bench.interruptions import deferred_interruptions
from icl_bench.training.batched import BatchedStep
from icl_bench.training.dev_score import Development
from icl_bench.training.device_errors import device_faults
from icl_bench.training.plan import RunPlan
from icl_bench.training.run import TrainingRun
from icl_bench.training.state import RunState


class RunGroup:
    """Runs at one step. A run leaves when it is finished, its weights stored in float16, or when it fails.

    `failed` says why. It keeps the state that it saved last, as a run does that fails by itself.
    """

    def __init__(self, runs: Sequence[RunState]) -> None:
        self.runs = list(runs)
        self.failed: dict[RunState, str] = {}
        self._make_step: Callable[[], int] | None = None

    @classmethod
    def of_plans(cls, plans: Mapping[Path, RunPlan], device: str, locked: bool = True) -> "RunGroup":
        """Runs of plans by folder, whose steps one model can make; `locked` as RunState has it.

        InputError where the device cannot be used.
        """
        first = next(iter(plans.values()))
        if len(plans) == 1 and (device == "cpu" or first.compiled):
            return cls([TrainingRun(plan, folder, device, locked=locked) for folder, plan in plans.items()])
        tasks = {plan.task.name: plan.task for plan in plans.values()}
        shared = {name: Development(first.suite, task) for name, task in tasks.items()}
        runs = (
            RunState(plan, folder, device, locked=locked, development=shared[plan.task.name])
            for folder, plan in plans.items()
        )
        return cls(list(runs))

    def run_to_end(self, resume: bool) -> None:
        """Train from the start, or from what is saved, until every run has left.

        An interruption saves every run and is raised.
        """
        self.begin(resume)
        with deferred_interruptions() as interrupted:
            while self.runs and not interrupted():
                self.advance()
                self.save_if_due()
            if interrupted():
                self.save()
                raise KeyboardInterrupt

    def begin(self, resume: bool) -> None:
        """Claim every run's folder, for a new run or one that is resumed."""
        for run in list(self.runs):
            with self._faults_of(run):
                (run.resume if resume else run.start)()
        for run in list(self.runs):
            with self._faults_of(run):
                self._refuse_another_step(run)
                self._finish_if_done(run)

    def advance(self) -> None:
        """One step of every run."""
        if self._make_step is None:
            self._make_step = _stepper(self.runs)
        try:
            with device_faults(self.runs[0].step):
                points = self._make_step()
                for run in list(self.runs):
                    with self._faults_of(run):
                        if run.count_step(points):
                            run.write_log()
                        self._finish_if_done(run)
        except ICLBenchError as error:  # the device fails: a fault of all
            for run in list(self.runs):
                self._fail(run, error)

    def save_if_due(self) -> None:
        """Save every run whose last save is too long ago."""
        for run in list(self.runs):
            with self._faults_of(run):
                run.save_if_due()

    def save(self) -> None:
        """Save every run."""
        for run in list(self.runs):
            with self._faults_of(run):
                run.save()

    def _refuse_another_step(self, run: RunState) -> None:
        step = self.runs[0].step
        if run.step != step:
            raise CheckpointError(
                f"{run.folder} holds a run at step {run.step}, and others beside it are at step {step}; "
                "run the sweep again"
            )

    def _finish_if_done(self, run: RunState) -> None:
        if run.finished:
            run.finish(half=True)
            self._remove(run)

    @contextmanager
    def _faults_of(self, run: RunState) -> Iterator[None]:
        """An error that is raised here is this run's alone."""
        try:
            yield
        except ICLBenchError as error:
            self._fail(run, error)

    def _fail(self, run: RunState, error: ICLBenchError) -> None:
        self.failed[run] = f"error: {' '.join(str(error).split())}"
        self._remove(run)
        run.release()

    def _remove(self, run: RunState) -> None:
        self.runs.remove(run)
        self._make_step = None


def _stepper(runs: Sequence[RunState]) -> Callable[[], int]:
    """What makes a step: a lone run's own way where it has one."""
    alone = runs[0]
    return alone.make_step if isinstance(alone, TrainingRun) else BatchedStep(runs)
