"""The files of a submitted language model: how large each may be, and what is checked before it is asked.

Nothing says how large it is before its files are there: then its parameters are those that the headers of its
weights announce. No code of its repository is fetched or run.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from icl_bench.entries.language_model import LanguageModelSource
from icl_bench.errors import CheckpointError, InputError
from icl_bench.models.pinned import Listed
from icl_bench.models.weights import MAX_HEADER_BYTES
from icl_bench.specs.language_model import CONFIG, INDEX, is_weights
from icl_bench.specs.result import ModelIdentity
from icl_bench.specs.submission import Run, Submission
from icl_bench.specs.suite import TaskSpec
from icl_bench.submissions.validate import MAX_PARAMETERS
from icl_bench.suites import Suite, load_suite
from icl_bench.suites.texts import prompt_text
from icl_bench.text.config import check_config, check_installed, read_json
from icl_bench.text.hub_model import fetch_language_model
from icl_bench.text.model_files import model_folder

# Of all runs, were every character a token; a token of usual tokenizers is 1.4 characters. SmolLM2-135M makes
# 1.3e11 FLOPs a second on two cores: these, the checks of rules and the fresh prompts take two hours of
# the three that `Limits` gives a run. Checkpoints have less: no smaller language model answers anything.
MAX_FLOPS = 5e14
MAX_CONFIG_BYTES = 200_000
MAX_TOKENIZER_BYTES = 50_000_000  # of one file
_WIDEST = 4  # bytes of a stored weight


def language_model_runs(model: str, revisions: Sequence[str | None]) -> list[Run] | None:
    """The run of a model of the Hub that is a language model; None where it holds checkpoints of icl-bench.

    HubError or CheckpointError where its files cannot be fetched or used, InputError for several revisions.
    """
    snapshots = [fetch_language_model(model, revision) for revision in revisions]
    by_commit = {snapshot.commit if snapshot else None: snapshot for snapshot in snapshots}
    snapshot = snapshots[0]
    if not any(snapshots):
        return None
    if snapshot is None or len(by_commit) > 1:
        raise InputError(
            f"{model} is a language model, of which a suite has one run; name one revision",
            code="several-revisions",
        )
    return [Run(seed=0, revision=snapshot.commit, files=model_folder(model, snapshot.folder).hashes)]


def listed_sizes(run: Run) -> dict[str, Listed]:
    """The files of a run with their hashes, and how large each may be."""

    def most(name: str) -> int:
        if is_weights(name):
            return _WIDEST * MAX_PARAMETERS + MAX_HEADER_BYTES
        return MAX_CONFIG_BYTES if name == CONFIG else MAX_TOKENIZER_BYTES

    return {name: Listed(digest, most(name)) for name, digest in run.files.items()}


def fetch_order(name: str) -> tuple[bool, bool, str]:
    """By which files are fetched: the config, then what else is small, then weights."""
    return is_weights(name), name != CONFIG, name


def check_fetched(submission: Submission, run: Run, folder: Path) -> None:
    """CheckpointError where the files of a run that are there so far show a fault: an architecture that is
    unknown or of code of its own, an index of other files, weights that are damaged or too many.

    InputError where `transformers` is not installed.
    """
    check_installed()
    check_config(submission.model, folder / CONFIG)
    index = folder / INDEX
    if index.exists():
        _check_index(run, index)
    parameters = count_parameters(run, folder)
    if parameters > MAX_PARAMETERS:
        raise CheckpointError(
            f"{submission.model} has {parameters:,} parameters; submissions have at most {MAX_PARAMETERS:,}: "
            "submit a smaller model",
            code="too-many-parameters",
        )
    _check_cost(submission, parameters)


def source_of(identity: ModelIdentity, folder: Path, suite: Suite) -> LanguageModelSource:
    """The model of a folder that was checked."""
    return LanguageModelSource(identity, model_folder(identity.id, folder), suite, "cpu")


def count_parameters(run: Run, folder: Path) -> int:
    """How many numbers the weights of a run that are there hold; CheckpointError where one is damaged."""
    return sum(_count(folder / name) for name in run.files if is_weights(name) and (folder / name).exists())


def _count(path: Path) -> int:
    """Of one file, from its header, which is held against its length."""
    try:
        with safe_open(path, framework="pt") as tensors:
            return sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"cannot read {path}: {str(error) or type(error).__name__}; save the model again",
            code="damaged-weights",
        ) from None


def _check_index(run: Run, index: Path) -> None:
    """CheckpointError where an index of shards names a file that the run does not list, or no files."""
    held = read_json(index).get("weight_map")
    named = list(held.values()) if isinstance(held, dict) else [None]
    for name in named:
        if not isinstance(name, str) or not is_weights(name) or name not in run.files:
            raise CheckpointError(
                f"{index} names {name!a:.80}, which is not listed; list every shard that it names",
                code="not-listed-shard",
            )


def _check_cost(submission: Submission, parameters: int) -> None:
    """CheckpointError where answering the prompts of all runs takes too long: 2 a parameter and token."""
    suites = [load_suite(submission.suite_of(run)) for run in submission.runs]
    tokens = sum(suite.spec.prompts * _characters(task) for suite in suites for task in suite.tasks.values())
    flops = 2.0 * parameters * tokens
    if flops > MAX_FLOPS:
        raise CheckpointError(
            f"{submission.model} takes {flops:.1e} FLOPs to evaluate; at most {MAX_FLOPS:.0e} are spent: "
            "submit a smaller model",
            code="too-slow",
        )


def _characters(task: TaskSpec) -> int:
    """Of a prompt's text, which is as long as every other."""
    points = task.points
    return len(prompt_text(np.ones((points, task.function_class.d)), np.ones((points, 1))).text)
