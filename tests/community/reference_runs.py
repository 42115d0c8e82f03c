"""What the development curves of all runs by today's recipe say, those without weights too.

    .venv/bin/python tests/community/reference_runs.py

prints a line a task and group of models: how many runs there are, how many passed an optimality of 0.9
and after how many steps, and the deviation between seeds, pooled over models.
"""

from pathlib import Path

import pandas
from tabulate import tabulate

from icl_bench.specs.checkpoint import read_config

REFERENCE = Path(__file__).resolve().parents[2] / "submissions" / "reference"
LEARNED_POSITIONS = ("gpt2", "gpt2-rms", "gpt2-swiglu", "gpt2-rms-swiglu")


def runs() -> pandas.DataFrame:
    """A row a run: task, model, seed, optimality and to_nine_tenths (missing where it was not reached)."""
    rows = []
    for config in sorted((REFERENCE / "runs" / "mini-v1").glob("*/seed-*/*/config.json")):
        training = read_config(config.parent).training or {}
        outcome = training["outcome"]
        rows.append(
            {
                "task": config.parts[-2],
                "model": config.parts[-4],
                "seed": training["seed"],
                "optimality": outcome["optimality"],
                "to_nine_tenths": outcome["steps_to_learn"]["0.9"],
            }
        )
    without_weights = pandas.read_csv(REFERENCE / "runs_without_weights.csv")
    frame = pandas.concat([pandas.DataFrame(rows), without_weights], join="inner", ignore_index=True)
    return frame.drop_duplicates(["task", "model", "seed"])  # those that were trained again and kept


def pooled_deviation(frame: pandas.DataFrame) -> float:
    """Of seeds of a model, pooled over the models that have several."""
    by_model = frame.groupby("model").optimality
    spare = by_model.size() - 1
    return float(((by_model.var() * spare).sum() / spare.sum()) ** 0.5)


def table() -> str:
    """As text, in Markdown."""
    lines = []
    frame = runs()
    frame["positions"] = frame.model.isin(LEARNED_POSITIONS).map({True: "learned", False: "RoPE or mixer"})
    for (task, positions), group in frame.groupby(["task", "positions"]):
        steps = group.to_nine_tenths.dropna()
        lines.append(
            {
                "task": task,
                "positions": positions,
                "runs": len(group),
                "to 0.9": len(steps),
                "after steps": f"{steps.min():,.0f} to {steps.max():,.0f}" if len(steps) else "-",
                "deviation between seeds": f"{pooled_deviation(group):.4f}",
            }
        )
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    print(table())
