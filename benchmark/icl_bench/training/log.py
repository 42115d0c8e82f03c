"""The learning curve of a run: a row every so many steps, kept as CSV and drawn as SVG."""

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path

from icl_bench.charts import Chart, Series, draw

LOG_FILE = "training.csv"
CURVE_FILE = "training.svg"
FIELDS = ("step", "loss", "dev_score", "dev_optimality", "learning_rate", "dims", "points")
WITHOUT_OPTIMALITY = tuple(name for name in FIELDS if name != "dev_optimality")  # written up to version 0.1
ROWS = 500  # at most, about

Row = dict[str, float | int | None]


def log_every(steps: int) -> int:
    """Steps per row of a run of so many steps: 100, and more where that made too many rows."""
    return max(100, 100 * math.ceil(steps / (100 * ROWS)))


@dataclass
class TrainingLog:
    """Rows of FIELDS; a loss is the mean over the steps since the row before."""

    rows: list[Row] = field(default_factory=list)

    @property
    def last_step(self) -> int:
        """The step of the last row, 0 where there is none."""
        return int(self.rows[-1]["step"] or 0) if self.rows else 0

    def in_words(self) -> str:
        """The last row in a few words, for a progress bar."""
        if not self.rows:
            return ""
        loss, score = self.rows[-1]["loss"], self.rows[-1]["dev_score"]
        return f"loss {loss:.4g}" + (f", dev score {score:.3f}" if score is not None else "")

    def as_svg(self, run: str) -> str:
        """Loss, on a logarithmic axis, against steps. `run` is how the run is called in the title."""
        score = self.rows[-1]["dev_score"]
        title = run + ("" if score is None else f": dev score {score:.3f}")
        steps, losses = ([row[name] or 0 for row in self.rows] for name in ("step", "loss"))
        series = Series("loss", steps, losses, role="model")
        return draw(Chart(title, "step", "loss", [series], y_scale="log"), standalone=True)

    def as_csv(self) -> str:
        """The rows as CSV, numbers in six digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows([_cell(row[name]) for name in FIELDS] for row in self.rows)
        return text.getvalue()


def read_log(text: str) -> list[Row]:
    """The rows of `TrainingLog.as_csv`; ValueError where the text is none."""
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) not in (FIELDS, WITHOUT_OPTIMALITY):
        raise ValueError(f"the columns are {reader.fieldnames}, not {', '.join(FIELDS)}")
    return [{name: _number(row.get(name)) for name in FIELDS} for row in reader]


def _number(text: str | None) -> float | None:
    value = float(text) if text else None
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _cell(value: float | int | None) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def last_step(folder: Path) -> int | None:
    """The step of the last row of a run's learning curve so far; None where there is none."""
    try:
        rows = read_log((folder / LOG_FILE).read_text())
    except (OSError, ValueError):
        return None
    return int(rows[-1]["step"] or 0) if rows else None
