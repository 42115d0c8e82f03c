"""What a site is made from: the boards of suites."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import numpy as np

from icl_bench.charts import Series
from icl_bench.frozen.errors import BaselineErrors, frozen_baselines
from icl_bench.leaderboard.board_data import board_data
from icl_bench.leaderboard.data import BoardData
from icl_bench.leaderboard.entries import Entry, board_of
from icl_bench.leaderboard.links import FRONT_PAGE, slugs
from icl_bench.models.shipped import REFERENCE, suite_models
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.ranking.board import Board
from icl_bench.ranking.differences import Difference
from icl_bench.ranking.effects import Effects, recorded_effects
from icl_bench.scoring.metric import metrics
from icl_bench.specs.result import TaskResult
from icl_bench.specs.submission import folder_name
from icl_bench.suites import Suite
from icl_bench.views.series import model_curve


@dataclass(frozen=True)
class SuiteBoard:
    """A suite's board, and the entries that stand on it."""

    suite: Suite
    entries: Sequence[Entry]
    front: bool  # whether it is what the site opens with

    @cached_property
    def board(self) -> Board:
        """Places, means and scores."""
        return board_of(self.suite, self.entries)

    @cached_property
    def data(self) -> BoardData:
        """The same as plain data, which the pages show."""
        return board_data(self.board, self.entries)

    @cached_property
    def slugs(self) -> dict[str, str]:
        """What each model and baseline is called in addresses."""
        return slugs([model.name for model in (*self.data.models, *self.data.baselines)])

    @property
    def path(self) -> str:
        """The page of the board."""
        return FRONT_PAGE if self.front else f"{self.suite.name}/{FRONT_PAGE}"

    def page(self, kind: str, name: str) -> str:
        """The page of a task or model, or of what is compared with a model: `tasks`, `models`, `compare`."""
        return f"{self.suite.name}/{kind}/{self.slugs.get(name, name)}.html"

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """What is recorded of each model."""
        return {entry.name: entry for entry in self.entries}

    @cached_property
    def effects(self) -> Effects | None:
        """What components do to the references, None where a reference of the design has no record."""
        references = suite_models(self.suite, [REFERENCE])
        known = {name: self.by_name[name] for name in references if name in self.by_name}
        return recorded_effects(self.suite, {name: entry.records for name, entry in known.items()})

    def runs(self, name: str, task: str) -> list[TaskResult]:
        """The recorded runs of a model on a task."""
        return [record.tasks[task] for record in self.by_name[name].records if task in record.tasks]

    def devices(self, name: str, task: str) -> list[str]:
        """Of each recorded run of a checkpoint on a task, the device that answered it."""
        records = [record for record in self.by_name[name].records if task in record.tasks]
        return [each.environment.device for each in records if each.tasks[task].checkpoint is not None]

    def curve(self, name: str, task: str) -> Series | None:
        """The errors of a model or baseline by context length; None where a baseline's are not frozen."""
        if name in self.by_name:
            return model_curve(name, self.runs(name, task))
        errors = self.frozen_curve(task, name.removeprefix(BASELINE_PREFIX))
        return None if errors is None else Series(name, range(len(errors)), errors)

    @cached_property
    def _differences(self) -> dict[tuple[str, tuple[str, ...]], Mapping[str, Sequence[Difference]]]:
        return {}

    def differences(self, name: str, others: tuple[str, ...]) -> Mapping[str, Sequence[Difference]]:
        """What separates a model from each of the others, computed once."""
        key = (name, others)
        if key not in self._differences:
            self._differences[key] = self.board.differences(name, others)
        return self._differences[key]

    @cached_property
    def _frozen(self) -> dict[str, dict[str, BaselineErrors]]:
        return {task: frozen_baselines(self.suite, task) for task in self.suite.tasks}

    def frozen_curve(self, task: str, baseline: str) -> list[float] | None:
        """The mean errors of a baseline at every context length, None where they are not frozen."""
        errors = self._frozen[task].get(baseline)
        return None if errors is None else errors.curve.tolist()

    @cached_property
    def own_values(self) -> dict[str, str]:
        """The metrics with values of their own at each context length, and what each is."""
        known = metrics(self.suite.tasks.values())
        return {name: metric.definition for name, metric in known.items() if metric.has_values}

    def value_curve(self, name: str, task: str, metric: str) -> list[float] | None:
        """The mean values of a metric at every context length, of a model over its runs too; None where they
        are not recorded of every run, or of a baseline not frozen."""
        if name not in self.by_name:
            errors = self._frozen[task].get(name.removeprefix(BASELINE_PREFIX))
            return errors.value_curves[metric].tolist() if errors and metric in errors.value_curves else None
        curves = [run.value_curves.get(metric) for run in self.runs(name, task)]
        known = [curve for curve in curves if curve is not None]
        return np.mean(known, axis=0).tolist() if known and len(known) == len(curves) else None


@dataclass(frozen=True)
class Site:
    """What a site is made from. The first board is its front page."""

    boards: Sequence[SuiteBoard]
    date: str | None  # of the newest data, as 2026-11-21
    address: str | None  # where it will stand, for the feed, badges and citations; ends in /
    repository: str | None  # where its sources are
    dates: Mapping[str, str] = field(default_factory=dict)  # as `write.record_dates`
    left_out: Mapping[str, str] = field(default_factory=dict)  # why a suite of one's own is, by its name

    @property
    def install(self) -> str:
        """The commands that install icl-bench with all that is recorded."""
        if not self.repository:
            return "pip install --editable .  # in a checkout of icl-bench"
        clone = f"git clone {shlex.quote(self.repository)} icl-bench-checkout"
        return f"{clone}\npip install --editable icl-bench-checkout"

    def record_date(self, name: str) -> str | None:
        """The day of the newest record of a reference or submission, where it is known."""
        return next((self.dates[folder] for folder in _folders(name) if folder in self.dates), None)

    def first_date(self, name: str, suite: str) -> str | None:
        """The day of its first record on a suite, where it is known; else that of the newest of any."""
        files = tuple(f"{folder}/results/{suite}-seed-" for folder in _folders(name))
        days = [day for path, day in self.dates.items() if path.startswith(files)]
        return min(days, default=self.record_date(name))

    @property
    def on_github(self) -> bool:
        """Whether a file of the sources has a known address."""
        return bool(self.repository) and urlsplit(str(self.repository)).hostname == "github.com"


def _folders(name: str) -> tuple[str, str]:
    """Where the records of a model may be in a checkout."""
    return f"submissions/{name}", f"submissions/{folder_name(name)}"
