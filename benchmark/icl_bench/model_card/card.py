"""A model card: the files beside a checkpoint on the Hub."""

import shlex
from importlib.metadata import version
from typing import Any

from huggingface_hub import ModelCard

from icl_bench.model_card.facts import CardFacts
from icl_bench.model_card.markdown import Markdown, code, printable, template
from icl_bench.model_card.metadata import card_data, entries_file
from icl_bench.models.accounting import account, components
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.plain_yaml import dump_plain
from icl_bench.specs.result import ResultRecord
from icl_bench.views.cells import HEADERS, cells, notes_on

CARD_FILE = "README.md"
TEMPLATE = "model_card.md"
_LEFT_OUT = ("", "seconds")  # columns of the terminal's table that a card does without
_WORDS = ("task", "baseline")  # columns that are no numbers


def card_files(facts: CardFacts) -> dict[str, str]:
    """README.md and, with scores and a dataset of the prompts, a file in `.eval_results/`: path to text.

    Every value that a template shows passes `neutral`; what a record or a config holds is never markup.
    """
    body = template(TEMPLATE).render(_context(facts))
    card = ModelCard(f"---\n{card_data(facts).to_yaml()}\n---\n\n{body}")
    return {CARD_FILE: str(card), **entries_file(facts)}


def _context(facts: CardFacts) -> dict[str, Any]:
    columns = [name for name in HEADERS if name not in _LEFT_OUT]
    return {
        "name": facts.name,
        "suite": facts.suite.name,
        "suite_hashes": Markdown(
            ", ".join(dict.fromkeys(facts.suite_hashes[task] for task in facts.results or facts.suite_hashes))
        ),
        "columns": columns,
        "rows": [_cells(task, facts) for task in facts.results],
        "notes": [note for record in facts.records for note in notes_on(_renamed(record, facts.name))],
        "command": Markdown(_command(facts)),
        "made_with": facts.made_with,
        "specs": [
            (", ".join(tasks), components(spec), Markdown(_as_yaml(spec))) for tasks, spec in _specs(facts)
        ],
        "accounts": {
            task: account(checkpoint.config.spec, facts.suite.tasks[task])
            for task, checkpoint in facts.checkpoints.items()
        },
        "number": lambda value: Markdown(f"{value:,}"),
        "training": _training(facts),
        "hashes": {task: code(checkpoint.identity.sha256) for task, checkpoint in facts.checkpoints.items()},
        "licence": facts.licence,
        "version": Markdown(version("icl-bench")),
    }


def _renamed(record: ResultRecord, name: str) -> ResultRecord:
    """A record whose notes call the model by its name on the card; a folder's record has its path."""
    own = f"{record.model.id} "
    missing = {
        task: f"{name} {reason.removeprefix(own)}" if reason.startswith(own) else reason
        for task, reason in record.missing.items()
    }
    return record.model_copy(update={"missing": missing})


def _cells(task: str, facts: CardFacts) -> list[str]:
    """A row of the terminal's table, its numbers ready to be shown."""
    row = zip(HEADERS, cells(task, facts.results[task]), strict=True)
    return [cell if name in _WORDS else Markdown(cell) for name, cell in row if name not in _LEFT_OUT]


def _command(facts: CardFacts) -> str:
    """The command that computes the card's scores, again or for the first time."""
    tasks = facts.results or facts.checkpoints
    some = [] if len(tasks) == len(facts.suite.tasks) else [f"--task {task}" for task in tasks]
    return " ".join(
        ["icl-bench evaluate", shlex.quote(printable(facts.name)), f"--suite {facts.suite.name}", *some]
    )


def _specs(facts: CardFacts) -> list[tuple[list[str], ArchitectureSpec]]:
    """Each spec once, with the tasks that it is for; most models have one for all."""
    specs: list[tuple[list[str], ArchitectureSpec]] = []
    for task, checkpoint in facts.checkpoints.items():
        same = next((tasks for tasks, spec in specs if spec == checkpoint.config.spec), None)
        if same is None:
            specs.append(([task], checkpoint.config.spec))
        else:
            same.append(task)
    return specs


def _as_yaml(spec: ArchitectureSpec) -> str:
    """Names and numbers of a closed grammar, one line a sublayer."""
    return dump_plain(spec.to_dict(), default_flow_style=None, width=1_000).strip()


def _training(facts: CardFacts) -> list[dict[str, Any]]:
    """Where the weights come from, as their configs say; what is equal for several tasks stands once."""
    rows: list[dict[str, Any]] = []
    for task, checkpoint in facts.checkpoints.items():
        training = checkpoint.config.training or {}
        row = {"converted": _flat(training.get("converted")), "recipe": _flat(training.get("recipe"))}
        row["seed"] = "not recorded" if training.get("seed") is None else _flat(training["seed"])
        same = next((known for known in rows if known.items() >= row.items()), None)
        if same is None:
            rows.append({"tasks": [task], **row})
        else:
            same["tasks"].append(task)
    return rows


def _flat(value: Any) -> str:
    """A mapping of provenance as one line: `steps 10000, batch 64`."""
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    return ", ".join(
        f"{key.replace('_', ' ')} {_flat(entry)}" for key, entry in value.items() if entry is not None
    )
