"""`icl-bench effects`: what each component does to the references, with intervals."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from icl_bench.cli.options import AsJson, Form, SuiteName, Tasks

if TYPE_CHECKING:
    from icl_bench.ranking.effects import Effect, Effects


class Of(StrEnum):
    """What effects are measured on."""

    gain = "gain"
    learned = "learned"
    steps = "steps"


def effects(
    suite: SuiteName = "mini",
    task: Tasks = None,
    of: Annotated[Of | None, typer.Option(help="Only of this measurement.", show_default="all three")] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Also pairs of models that differ in one component.")
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="A row an effect, with intervals and p-values.")
    ] = False,
    form: Annotated[
        Form, typer.Option("--format", help="Of the table; markdown has intervals.", show_default=True)
    ] = Form.text,
    as_json: AsJson = False,
) -> None:
    """Show what RMSNorm, RoPE and SwiGLU do to the references, alone and together, and Mamba mixers.

    Eight references, from gpt2 to llama, are every combination of the three. An effect is the mean of the
    four with a component less that of the four without; an interaction (×) is half of how much an effect
    differs with and without another component. Measured are the gain (0: the prior mean, 1: the exact
    predictor), how probably a run learns an all-or-nothing task, and the steps to learn (log2: -1 is half of
    them). Intervals count prompts and training runs; p-values are corrected for all effects of a measurement
    (Holm).

    Example: icl-bench effects --suite mini
    Example: icl-bench effects --task sparse_parity --wide --pairs
    """
    from icl_bench.display.text_table import in_window
    from icl_bench.ranking.effects import effects as component_effects
    from icl_bench.ranking.responses import RESPONSES

    measured = dict(zip(Of, RESPONSES, strict=True))

    found = component_effects(suite, task)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
        return
    kinds = ["effect", *["pair"] * pairs, "hybrid"]
    for response in RESPONSES if of is None else [measured[of]]:
        rows = [effect for effect in found.effects if effect.response == response and effect.kind in kinds]
        if rows:
            typer.echo(f"{response} on {found.suite}\n")
            if form == Form.markdown:
                typer.echo(_markdown(rows, _tasks(found, rows)) + "\n")
            else:
                typer.echo((_wide(rows) if wide else _narrow(rows, _tasks(found, rows))) + "\n")
    for note in _notes(found, wide or form == Form.markdown):
        typer.echo(in_window(note))


def _tasks(found: "Effects", rows: "list[Effect]") -> list[str]:
    """Those of the rows, in the order of the suite: a row may lack the first."""
    present = {row.task for row in rows}
    return [task for task in dict.fromkeys(effect.task for effect in found.effects) if task in present]


def _narrow(rows: "list[Effect]", tasks: list[str]) -> str:
    """A row an effect, a column a task: by its initials where that is needed."""
    from icl_bench.display.initials import short_names
    from icl_bench.display.text_table import CLOSE, text_table

    short = short_names(tasks)
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        cells = table.setdefault(row.term, {"": row.term} | dict.fromkeys(short.values(), "-"))
        number = f"{row.value:+z.3f}".replace("0.", ".", 1)  # pairs of long names leave no room for more
        cells[short[row.task]] = number + ("*" if row.significant else " ")
    align = ["left", *["right"] * len(tasks)]
    return text_table(list(table.values()), colalign=align, tablefmt=CLOSE)


def _wide(rows: "list[Effect]") -> str:
    from icl_bench.display.text_table import text_table
    from icl_bench.leaderboard.formats import three_digits

    table = []
    for row in rows:
        interval = "-" if row.low is None or row.high is None else f"[{row.low:+z.3f}, {row.high:+z.3f}]"
        p = "-" if row.p_corrected is None else three_digits(row.p_corrected)
        values = {"effect": f"{row.value:+z.3f}", "95% interval": interval, "p": p}
        table.append({"task": row.task, "of": row.term, **values})
    return text_table(table, colalign=["left", "left", "right", "right", "right"])


def _markdown(rows: "list[Effect]", tasks: list[str]) -> str:
    """A row an effect, a column a task, with intervals."""
    from icl_bench.display.text_table import text_table

    table: dict[str, dict[str, str]] = {}
    for row in rows:
        cells = table.setdefault(row.term, {"": row.term} | dict.fromkeys(tasks, "-"))
        interval = "" if row.low is None else f" [{row.low:z.3f}, {row.high:z.3f}]"
        cells[row.task] = f"{row.value:+z.3f}{'*' if row.significant else ''}{interval}"
    return text_table(list(table.values()), tablefmt="github")


def _notes(found: "Effects", wide: bool) -> "list[str]":
    from icl_bench.display.initials import legend

    tasks = list(dict.fromkeys(effect.task for effect in found.effects))
    notes = [] if wide else [legend(tasks), "* significant at 5%, corrected (Holm); intervals: --wide"]
    fewest = min(found.runs.values())
    notes.append(f"each effect rests on eight models with {fewest} or more training runs of a task")
    if not found.seeds_known:
        notes.append(
            "no model has two runs of a graded task: intervals there show what other prompts would change, "
            "not what other seeds would, so no p-value is given"
        )
    return notes
