"""What probes measured, as a CSV file."""

import csv
import io

from icl_bench.leaderboard.data import BoardData

COLUMNS = ("model", "probe", "task", "run", "label", "number", "value", "low", "high", "reason")


def probes_csv(data: BoardData) -> str:
    """One row a number: the probe's own (`estimate`) and those beside it; runs count from 0."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for model in data.models:
        for probe, by_task in model.probes.items():
            for task, runs in by_task.items():
                for run, measured in enumerate(runs):
                    for number, value in {"estimate": measured.estimate, **measured.values}.items():
                        numbers = (value.value, value.low, value.high, value.reason)
                        writer.writerow([model.name, probe, task, run, measured.label, number, *numbers])
    return table.getvalue()
