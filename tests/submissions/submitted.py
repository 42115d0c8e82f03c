"""Making submissions of tiny models, and spoiling them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from models.small import files_of
from raising import raises

from icl_bench.errors import ICLBenchError
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.records.record_files import record_file
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.sandboxed import evaluate_run
from icl_bench.submissions.submission_folder import SubmissionFolder
from icl_bench.submissions.validate import checked_submission, validate

MODEL = "someone/model"
SUITE = "tiny-v1"
REVISION, OTHER = "a1" * 20, "b2" * 20
COMMIT = "c3" * 20  # that merged the submission
TASKS = {"linear_regression": (3, 1), "vector_mqar": (2, 2)}  # with d and k in tiny-v1
ATTENTION = {"type": "attention", "heads": 1, "positions": "none", "bias": False}
SPEC = {
    "schema": 1,
    "name": "tiny",
    "width": 8,
    "positions": {"type": "learned", "max_tokens": 32},
    "stem": [],
    "layers": [{"repeat": 1, "sublayers": [{"norm": "rmsnorm", "module": ATTENTION}]}],
    "final_norm": "rmsnorm",
}


@dataclass
class Submitted:
    """A submission on disk, its value, and the files of its runs by seed."""

    folder: Path
    value: dict[str, Any]
    files: dict[int, dict[str, bytes]]

    @property
    def entry(self) -> SubmissionFolder:
        """The submission as it lies there; SpecError where it is not valid."""
        return checked_submission(self.folder)

    def change(self, how: Callable[[dict[str, Any]], Any]) -> None:
        """Change the submission's value and write it."""
        how(self.value)
        write(self.folder.parent, self.value, self.folder.name)

    def add_run(self, seed: int, revision: str, files: dict[str, bytes]) -> None:
        """Add a run, or put it in the place of that of the same seed."""
        self.files[seed] = files
        runs = [run for run in self.value["runs"] if run["seed"] != seed]
        self.change(lambda value: value.update(runs=[*runs, run_entry(seed, files, revision)]))

    def lay_out(self, folder: Path) -> None:
        """Put the files where fetching puts them."""
        for seed, files in self.files.items():
            for name, content in files.items():
                path = folder / f"{self.value['suites'][0]}-seed-{seed}" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def evaluate(self, fetched: Path, out: Path, commit: str | None = None) -> None:
        """Evaluate in this process, which knows of the tiny suite; a process of its own is another test's."""
        for run in self.entry.submission.runs:
            name = self.entry.submission.run_name(run)
            record, fresh = evaluate_run(self.folder, name, fetched / name, commit)
            record.save(out / record_file(name))
            if fresh:
                fresh.save(out / record_file(name, fresh=True))


def tiny_model(task: str, d: int, k: int, seed: int = 0, **changes: Any) -> ICLModel:
    """An untrained model of SPEC."""
    training = changes.pop("training", {"seed": seed})
    model = ICLModel(spec=SPEC | changes, d=d, k=k, task=f"{SUITE}/{task}", training=training)
    initialise(model, torch.Generator().manual_seed(seed))
    return model.eval()


def tiny_files(folder: Path, seed: int = 0, **changes: Any) -> dict[str, bytes]:
    """The files of a checkpoint for each of TASKS."""
    for task, (d, k) in TASKS.items():
        save_checkpoint(tiny_model(task, d, k, seed, **changes), folder / task)
    return files_of(folder)


def run_entry(seed: int, files: dict[str, bytes], revision: str = REVISION) -> dict[str, Any]:
    """A run as it stands in a submission."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {"seed": seed, "revision": revision, "files": hashes}


def submission_value(runs: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A whole submission as plain data."""
    hashes = {f"linear_regression/{name}": "d4" * 32 for name in ("config.json", "model.safetensors")}
    value = {
        "schema": 1,
        "model": MODEL,
        "suites": [SUITE],
        "runs": runs or [{"seed": 0, "revision": REVISION, "files": hashes}],
        "spec": SPEC,
        "licence": "apache-2.0",
        "authors": ["Ana Ω", "李"],
        "links": {"paper": "https://arxiv.org/abs/2411.03945", "code": "https://code.example/a?b=c#d"},
        "training_data": "Prompts of the suite's training stream.",
        "description": "Attention < nothing.\nIn two lines.",
        "supersedes": None,
    }
    return value | changes


def write(root: Path, value: dict[str, Any], name: str = "someone__model") -> Path:
    """Write a submission's folder."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submission.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    return folder


def not_recorded(
    submitted: Submitted,
    records: Path,
    *naming: object,
    code: str | None = None,
    commit: str | None = COMMIT,
    error: type[ICLBenchError] = ICLBenchError,
) -> str:
    """The one line that recording ends with; nothing in the submission's folder is changed."""
    before = files_of(submitted.folder)
    with raises(error, code, naming=naming) as caught:
        record_submission(submitted.entry, records, commit)
    message = str(caught.value)
    assert len(message) < 700
    assert files_of(submitted.folder) == before
    return message


def faults(folder: Path) -> list[str]:
    """What is wrong with a submission: a line each, fit to be shown."""
    fault_list = validate(folder)
    for fault in fault_list:
        assert str(fault).isprintable()
        assert len(fault.message) < 700
    return [str(fault) for fault in fault_list]


def edit(path: Path, keys: tuple[Any, ...], new: Any) -> None:
    """Set one entry of a JSON file, as somebody might with an editor."""
    whole = json.loads(path.read_text())
    place = whole
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = new
    path.write_text(json.dumps(whole))


def line_of(folder: Path, text: str) -> int:
    """The first line of the submission that holds a text, counted from 1."""
    lines = (folder / "submission.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
