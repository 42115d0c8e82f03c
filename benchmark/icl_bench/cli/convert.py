"""`icl-bench models convert`: a checkpoint of earlier code as one of ours."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Source(StrEnum):
    """What saved a checkpoint."""

    transformers = "transformers"
    training = "training"


SavedFile = Annotated[
    Path,
    typer.Argument(
        metavar="PATH", help="state.pt, checkpoint_STEP, or a transformers folder.", show_default=False
    ),
]
Task = Annotated[
    str,
    typer.Option(
        metavar="SUITE/TASK", help="What it was trained for, as paper/linear_regression.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the new checkpoint.", show_default=False)]
From = Annotated[
    Source | None,
    typer.Option(
        "--from",
        help="transformers: a folder; training: a file of a study's code.",
        show_default="found out",
    ),
]
Config = Annotated[
    Path | None, typer.Option(help="The run's configuration.", show_default="config.yaml beside the file")
]
Spec = Annotated[
    str | None,
    typer.Option(
        help="Spec file or reference/NAME that it must turn out to be; gives the heads without a config.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="What the model is called.", show_default="that of --spec, or of the new folder"),
]


def convert(
    path: SavedFile,
    task: Task,
    out: Out,
    source: From = None,
    config: Config = None,
    spec: Spec = None,
    name: Name = None,
) -> None:
    """Convert a checkpoint of transformers or of an earlier study, to the same predictions.

    A folder of transformers holds the config.json of a GPT-2, LLaMA or Mamba backbone and the state dict of a
    module that puts it between a linear read-in and a linear read-out. Files are those of Garg et al. 2022,
    Park et al. 2024 (MambaFormer) and Campbell et al. 2024, saved by torch.save. Prompts must be x_0, y_0,
    x_1, ... as tokens, the shorter of x and y filled up with zeros. Everything is read as tensors and plain
    data; nothing in it runs. A model with what an architecture spec cannot say (another RoPE base, grouped
    queries) is refused. Without a config nothing says which activation a GPT-2 has: GELU is assumed.

    Example: icl-bench models convert my-gpt2 --from transformers --task mini/linear_regression --out new
    Example: icl-bench models convert state.pt --task paper/linear_regression --out garg-linear
    """
    from icl_bench.models.checkpoint import save_checkpoint
    from icl_bench.models.convert.convert import convert_checkpoint
    from icl_bench.models.shipped import find_architecture
    from icl_bench.suites import find_task

    _check_source(source, path)
    suite, task_spec = find_task(task)
    architecture = find_architecture(spec, suite.name, task_spec.name) if spec else None
    name = _model_name(name, out, task_spec.name) if name is not None or spec is None else None
    model = convert_checkpoint(path, suite.name, task_spec, config, architecture, name)
    save_checkpoint(model, out)
    typer.echo(f"{model.architecture.name} for {model.task} in {out}; score it with:")
    typer.echo(f"icl-bench evaluate {out} --suite {suite.name} --task {task_spec.name}")


def _check_source(source: Source | None, path: Path) -> None:
    """InputError where a file is named as a folder's source, or the other way round."""
    from icl_bench.errors import InputError

    if source is not None and (source == Source.transformers) != path.is_dir():
        expected = "the folder with config.json and" if source == Source.transformers else "the file of"
        raise InputError(
            f"--from {source} reads {expected} the weights, and {path} is not one; check the path"
        )


def _model_name(given: str | None, out: Path, task: str) -> str | None:
    """The name that is given, else that of the new folder, or of the one around a folder that is named after
    the task; None where that cannot be one. InputError where the given one cannot."""
    from icl_bench.errors import InputError
    from icl_bench.specs.names import spec_name_fault

    if given is not None:
        if fault := spec_name_fault(given):
            raise InputError(f"--name {given!r:.80} cannot name a model; {fault}")
        return given
    folder = out.resolve()
    name = folder.parent.name if folder.name == task else folder.name
    return None if spec_name_fault(name) else name
