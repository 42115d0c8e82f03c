"""`icl-bench evaluate` of a folder of seeds: a record each, and one table of what they come to."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from icl_bench.cli.outcome import print_doubts, quick_look, refuse_lost, unicode_terminal, where_kept

if TYPE_CHECKING:
    from icl_bench.evaluation.seeds import Seeds
    from icl_bench.records.keep import Kept
    from icl_bench.specs.result import ResultRecord
    from icl_bench.suites import Suite


def evaluate_seeds(
    model: str,
    suite: "Suite",
    tasks: Sequence[str],
    revision: str | None,
    device: str | None,
    output: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Evaluate every seed that a folder holds; each record is written once it is there."""
    from icl_bench.evaluation.doubts import doubts
    from icl_bench.evaluation.run import evaluate_source
    from icl_bench.evaluation.seeds import open_seeds
    from icl_bench.records.keep import keep_at, keep_beside
    from icl_bench.specs.record_json import in_ascii

    seeds = open_seeds(model, suite, tasks, device, revision)
    places = _places(model, seeds, suite, tasks, device, output, limit)
    records: dict[int, ResultRecord] = {}
    kept: list[Kept] = []
    for seed, source in seeds.sources.items():
        record = records[seed] = evaluate_source(source, suite, tasks, progress=True, limit=limit)
        if seed in places:
            kept.append((keep_at if output is not None else keep_beside)(record, places[seed]))
            if kept[-1].fault is None:
                typer.echo(where_kept(kept[-1], f" of seed {seed}"), err=as_json)
    if as_json:
        typer.echo("[" + ",\n".join(in_ascii(record.to_json()).rstrip() for record in records.values()) + "]")
    else:
        _print_table(model, records, seeds, suite)
    for seed, record in records.items():
        print_doubts(doubts(record, suite), f"seed {seed}")
    refuse_lost(kept)


def _places(
    model: str,
    seeds: "Seeds",
    suite: "Suite",
    tasks: Sequence[str],
    device: str | None,
    output: Path | None,
    limit: int | None,
) -> dict[int, Path]:
    """Where each seed's record goes; none for a quick look. InputError where --output is no folder."""
    from icl_bench.errors import InputError
    from icl_bench.files import check_file_place, user_path
    from icl_bench.records.file_name import default_file_name
    from icl_bench.records.record_files import RESULTS
    from icl_bench.specs.loops import split_loops, with_loops

    if output is None and limit is not None:
        return {}
    if output is not None and (output.is_file() or output.suffix.lower() == ".json"):
        raise InputError(
            f"--output {output} is a file, and {model} has a record a seed; name a folder",
            code="output-of-seeds",
        )
    bare, loops = split_loops(model)
    name = with_loops(user_path(bare).resolve().name, loops)
    folder = output or Path(RESULTS)
    places = {
        seed: folder / default_file_name(name, suite, tasks, device=device, seed=seed)
        for seed in seeds.sources
    }
    for place in places.values():
        check_file_place(place)
    return places


def _print_table(model: str, records: "dict[int, ResultRecord]", seeds: "Seeds", suite: "Suite") -> None:
    from icl_bench.display.pooled_table import lacking, pooled_table
    from icl_bench.display.text_table import in_window
    from icl_bench.errors import InputError
    from icl_bench.records.pooled import by_model

    by_name = by_model((f"seed {seed}", record) for seed, record in records.items())
    if len(by_name) > 1:
        raise InputError(
            f"{model} holds seeds of several models, {', '.join(by_name)}; keep a folder for each",
            code="several-models",
        )
    name, prompts = (
        next(iter(by_name)),
        max(task.prompts for record in records.values() for task in record.tasks.values()),
    )
    count = f"{len(records)} seed{'s' * (len(records) > 1)}"
    typer.echo(f"\n{name} on {suite.name}, {count}, {prompts:,} prompts a task\n")
    typer.echo(pooled_table(name, list(records.values()), suite, bars=unicode_terminal()))
    notes = [
        *lacking(records),
        *(f"seed {seed} is left out: {reason}" for seed, reason in seeds.empty.items()),
    ]
    notes += [note] if (note := quick_look(prompts, suite)) else []
    for line in ["", *map(in_window, notes)] if notes else []:
        typer.echo(line)
