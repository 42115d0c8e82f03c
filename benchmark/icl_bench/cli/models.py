"""`icl-bench models`: the shipped architectures, what a model is made of and what it costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from icl_bench.cli.card import card, push
from icl_bench.cli.convert import convert
from icl_bench.cli.errors import VerbGroup
from icl_bench.cli.options import AsJson, SuiteName

if TYPE_CHECKING:
    from icl_bench.specs.architecture import ArchitectureSpec
    from icl_bench.suites import Suite

models = typer.Typer(cls=VerbGroup, help="Look at models, convert them and publish them on the Hub.")
models.command()(card)
models.command()(push)
models.command()(convert)


@models.command("list")
def list_models(suite: SuiteName = "mini", as_json: AsJson = False) -> None:
    """List the shipped architectures, references and zoo, at a suite's sizes.

    With the parameters, state and FLOPs of a prompt of the suite's first task (of every task: `--json`, or
    `models show`), and the tasks that they have weights for. The state is the numbers carried at its last
    token.

    Example: icl-bench models list --suite paper
    """
    from icl_bench.display.text_table import in_window, text_table
    from icl_bench.suites import load_suite

    frozen = load_suite(suite)
    facts = _shipped_facts(frozen)
    if as_json:
        _print_json({"suite": frozen.name, "models": facts})
        return
    first, tasks = next(iter(frozen.tasks)), list(frozen.tasks)
    costs = ("parameters", "state", "flops")
    rows = [
        {key: value for key, value in fact.items() if key not in (*costs, "weights")}
        | {"loops": ", ".join(map(str, fact["loops"])) or "-"}
        | {name: f"{fact[key][first]:,}" for key, name in zip(costs, (*costs[:2], "FLOPs"), strict=True)}
        | {"weights for": "all tasks" if fact["weights"] == tasks else ", ".join(fact["weights"]) or "-"}
        for fact in facts
    ]
    align = ("left", "left", "left", "left", *["right"] * 6, "left")
    typer.echo(in_window(f"Shipped architectures for {frozen.name}; costs are those of {first}.") + "\n")
    typer.echo(
        text_table(
            rows,
            droppable=("weights for", "norm", "width", "loops", "layers", "blocks", "positions"),
            colalign=align,
        )
    )


@models.command("show")
def show_model(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Hub user/model[@revision], a folder, reference/NAME or zoo/NAME.",
            show_default=False,
        ),
    ],
    suite: SuiteName = "mini",
    as_json: AsJson = False,
) -> None:
    """Show a model's spec, and its parameters, state and FLOPs for a prompt of every task.

    The state is counted in numbers: `state` is carried whatever the length, `a token` is what each token
    adds. A multiply-add is 2 FLOPs.

    Example: icl-bench models show reference/llama --suite paper
    """
    from icl_bench.suites import load_suite

    frozen = load_suite(suite)
    _print_model(model, frozen, _specs_of(model, frozen), as_json)


@models.command("blocks")
def list_blocks(as_json: AsJson = False) -> None:
    """List what an architecture spec is written with: every key with its type, range and default.

    Example: icl-bench models blocks
    """
    from icl_bench.display.grammar import grammar
    from icl_bench.display.text_table import in_window

    parts = list(grammar())
    if as_json:
        names = ("part", "summary", "keys", "example")
        _print_json({"grammar": [dict(zip(names, part, strict=True)) for part in parts]})
        return
    for name, summary, keys, example in parts:
        typer.echo(in_window(f"{name}: {summary}", "  "))
        longest = max(map(len, (*keys, "example")))
        for key, words in (*keys.items(), ("example", example)):
            typer.echo(in_window(f"  {key:<{longest}}  {words}", " " * (longest + 4)))
        typer.echo()


@models.command("check")
def check_spec(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC", help="Architecture spec, YAML or JSON.", show_default=False)
    ],
    suite: SuiteName = "mini",
    as_json: AsJson = False,
) -> None:
    """Check an architecture spec, and show what it would cost; exit 2 with one line where it is faulty.

    Example: icl-bench models check my-architecture.yaml
    """
    from icl_bench.specs.architecture import load_architecture
    from icl_bench.suites import load_suite

    architecture, frozen = load_architecture(spec), load_suite(suite)
    _print_model(str(spec), frozen, dict.fromkeys(frozen.tasks, architecture), as_json)


def _shipped_facts(suite: "Suite") -> list[dict[str, Any]]:
    from icl_bench.models.accounting import account, components, loops_of
    from icl_bench.models.shipped import shipped_tasks, suite_models, task_spec

    facts = []
    for name in suite_models(suite):
        specs = {task: task_spec(name, suite, task) for task in suite.tasks}
        costs = {task: account(spec, suite.tasks[task]) for task, spec in specs.items()}
        facts.append(
            {
                "model": name,
                **components(next(iter(specs.values()))),
                "loops": loops_of(next(iter(specs.values()))),
                "parameters": {task: cost.parameters for task, cost in costs.items()},
                "state": {task: cost.state for task, cost in costs.items()},
                "flops": {task: cost.flops for task, cost in costs.items()},
                "weights": shipped_tasks(name, suite),
            }
        )
    return facts


def _specs_of(model: str, suite: "Suite") -> dict[str, "ArchitectureSpec"]:
    """The spec of a model for every task that it is for; a shipped one needs no weights."""
    from icl_bench.models.shipped import collection_of, task_spec
    from icl_bench.specs.loops import split_loops

    bare, loops = split_loops(model)
    if collection_of(bare) is not None:
        specs = {task: task_spec(bare, suite, task) for task in suite.tasks}
        return {task: spec if loops is None else spec.with_loops(loops) for task, spec in specs.items()}
    from icl_bench.entries.open import open_checkpoints

    checkpoints = open_checkpoints(model, suite)
    return {task: checkpoint.config.spec for task, checkpoint in checkpoints.items()}


def _print_model(model: str, suite: "Suite", specs: dict[str, "ArchitectureSpec"], as_json: bool) -> None:
    from dataclasses import asdict

    from icl_bench.display.text_table import in_window
    from icl_bench.models.accounting import account

    accounts = {task: account(spec, suite.tasks[task]) for task, spec in specs.items()}
    if as_json:
        tasks = {task: {"spec": specs[task].to_dict(), **asdict(costs)} for task, costs in accounts.items()}
        _print_json({"model": model, "suite": suite.name, "tasks": tasks})
        return
    for spec in dict.fromkeys(json.dumps(spec.to_dict()) for spec in specs.values()):
        tasks_of_spec = [task for task in specs if json.dumps(specs[task].to_dict()) == spec]
        if len(tasks_of_spec) < len(specs):
            typer.echo(in_window(f"# {', '.join(tasks_of_spec)}", "# "))
        typer.echo(_as_yaml(json.loads(spec)))
    _print_accounts(suite, {task: asdict(costs) for task, costs in accounts.items()})


def _print_accounts(suite: "Suite", accounts: dict[str, dict[str, Any]]) -> None:
    from icl_bench.display.text_table import text_table

    headers = (suite.name, "tokens", "parameters", "state", "a token", "FLOPs a prompt")
    rows = [
        [
            task,
            *(
                f"{costs[key]:,}"
                for key in ("tokens", "parameters", "state_fixed", "state_per_token", "flops")
            ),
        ]
        for task, costs in accounts.items()
    ]
    align = ("left", *["right"] * (len(headers) - 1))
    typer.echo(text_table(rows, headers, droppable=("tokens", "a token"), colalign=align))
    short = [task for task, costs in accounts.items() if not costs["fits"]]
    if short:
        typer.echo(f"\ntoo few positions for {', '.join(short)}; raise positions.max_tokens")
    long = [task for task, costs in accounts.items() if costs["least_tokens"] > costs["tokens"]]
    if long:
        least = accounts[long[0]]["least_tokens"]
        typer.echo(f"\na chunk or window of {least} tokens is longer than a prompt of {', '.join(long)}")


def _as_yaml(spec: dict[str, Any]) -> str:
    """A spec as its file is written: one line a sublayer."""
    from icl_bench.specs.plain_yaml import dump_plain

    return dump_plain(spec, default_flow_style=None, width=1_000)


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2))
