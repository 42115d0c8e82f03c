"""The scores that the study printed, `published.yaml`."""

from typing import Literal

from pydantic import Field, model_validator

from icl_bench.resources import data_folder
from icl_bench.specs.result import Finite
from icl_bench.specs.schema import Strict, parse, read_yaml


class Source(Strict):
    """Where the scores were printed."""

    title: str
    authors: str
    arxiv: str
    table: int


class PublishedBaseline(Strict):
    """What has score 1 in a column; `model` where it is one of the architectures, trained by the authors."""

    name: str
    model: str | None


class Published(Strict):
    """The file `published.yaml`: printed scores by architecture and task."""

    schema_version: Literal[1] = Field(alias="schema")
    source: Source
    suite: str  # that has the same sizes
    baselines: dict[str, PublishedBaseline]  # by task
    scores: dict[str, dict[str, Finite]]  # by architecture and task

    @model_validator(mode="after")
    def _agrees(self) -> "Published":
        for name, row in self.scores.items():
            for task, score in row.items():
                if task not in self.baselines:
                    raise ValueError(f"scores.{name}: {task} has no baseline; add one to baselines")
                if self.by_construction(name, task) and score != 1:
                    raise ValueError(f"scores.{name}.{task} is {score}, and its own baseline; it has to be 1")
        return self

    def by_construction(self, name: str, task: str) -> bool:
        """Whether a cell is 1 because the model is the baseline of its own column."""
        return task in self.baselines and self.baselines[task].model == name


def load_published() -> Published:
    """The published scores; SpecError where the file is at fault."""
    path = data_folder("leaderboard") / "published.yaml"
    return parse(Published, read_yaml(path), str(path))
