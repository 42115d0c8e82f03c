"""A submission of a tiny language model to tiny-text-v1, a suite of one task that is asked in text."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from models.small import files_of
from submissions.submitted import REVISION, run_entry, submission_value
from text.tiny_language_model import save_language_model

from icl_bench.specs.language_model import is_read
from icl_bench.suites import catalogue, load_suite
from icl_bench.suites.lock import lock_suite

TEXT_SUITE = "tiny-text-v1"
TEXT_RUN = f"{TEXT_SUITE}-seed-0"
TASK = "parity"
CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARDS = tuple(f"model-{place:05}-of-00002.safetensors" for place in (1, 2))
OTHERS = {
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    "modeling.py": b"1 / 0",
    "pytorch_model.bin": b"\x80\x04.",
    "onnx/model.onnx": b"graph",
}


def lock_text_suite(folder: Path) -> None:
    """Write the suite into a `tasks` folder, and lock it."""
    place = folder / TEXT_SUITE
    place.mkdir()
    suite = {"schema": 1, "name": TEXT_SUITE, "summary": "small", "prompts": 64, "resamples": 2000}
    suite |= {"tasks": [TASK], "notes": "for tests", "asked_in": "text"}
    task = {"schema": 1, "name": TASK, "summary": "small", "points": 6, "scored": "all"}
    task |= {"function_class": {"type": "sparse_parity", "dims": 5, "sparsity": 2}}
    task |= {"baseline": "parity_bayes", "exact": "parity_bayes", "exact_note": "none"}
    for name, value in {"suite": suite, TASK: task}.items():
        (place / f"{name}.yaml").write_text(yaml.safe_dump(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "data_folder", lambda name: folder)
        lock_suite(load_suite(TEXT_SUITE))


def language_model_files(folder: Path, **changes: Any) -> dict[str, bytes]:
    """The files of a random language model that are read."""
    files = files_of(save_language_model(folder, **changes))
    return {name: content for name, content in files.items() if is_read(name)}


def language_model_value(files: dict[str, bytes], revision: str = REVISION) -> dict[str, Any]:
    """A whole submission of a language model as plain data."""
    value = submission_value([run_entry(0, files, revision)], suites=[TEXT_SUITE], description="Random.")
    del value["spec"]
    return value


def with_config(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    """Files with other keys in their config."""
    return files | {CONFIG: json.dumps(json.loads(files[CONFIG]) | changes).encode()}


def in_shards(files: dict[str, bytes], **named: str) -> dict[str, bytes]:
    """Files whose weights are in two shards, the second of them empty; an index may name others."""
    shards = {SHARDS[0]: files[WEIGHTS], SHARDS[1]: (2).to_bytes(8, "little") + b"{}"}
    header = json.loads(files[WEIGHTS][8 : 8 + int.from_bytes(files[WEIGHTS][:8], "little")])
    weight_map = {name: SHARDS[0] for name in header if name != "__metadata__"} | named
    index = {"metadata": {}, "weight_map": weight_map}
    rest = {name: content for name, content in files.items() if name != WEIGHTS}
    return rest | shards | {INDEX: json.dumps(index).encode()}
