"""What a submission of a language model says, fault by fault, before anything is fetched."""

import re
from pathlib import Path

import pytest
from submissions.language_models import (
    CONFIG,
    INDEX,
    SHARDS,
    TASK,
    TEXT_RUN,
    TEXT_SUITE,
    TOKENIZER,
    WEIGHTS,
    in_shards,
    language_model_value,
)
from submissions.submitted import OTHER, SPEC, faults, line_of, run_entry, submission_value, write

from icl_bench.specs.submission import parse_submission
from icl_bench.submissions.compose import as_yaml
from icl_bench.submissions.submission_folder import read_submission, run_identity

DIGEST = "d4" * 32


def listed(value, *names):
    """The value with a run that lists these files."""
    value["runs"][0]["files"] = dict.fromkeys(names, DIGEST)
    return value


def test_it_has_no_spec_and_survives_the_round_trip(text_submitted):
    assert faults(text_submitted.folder) == []
    read = read_submission(text_submitted.folder)
    assert read.spec is None
    assert "spec" not in read.to_dict()
    assert parse_submission(read.to_dict(), "again") == read
    assert read.run_name(read.runs[0]) == TEXT_RUN
    assert run_identity(read, read.runs[0]).kind == "language_model"


def test_weights_in_shards_are_listed_with_their_index(text_submitted, text_files):
    value = listed(text_submitted.value, *in_shards(text_files))
    assert faults(write(text_submitted.folder.parent, value)) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([TOKENIZER, WEIGHTS], "runs[0]: files has no config.json; list it"),
        ([CONFIG, WEIGHTS], "runs[0].files: files has no tokenizer, and there is no spec; list"),
        ([CONFIG, "merges.txt", WEIGHTS], "runs[0]: files has no tokenizer; list its tokenizer.json"),
        ([CONFIG, TOKENIZER], "runs[0]: files has no weights; list model.safetensors"),
        ([CONFIG, TOKENIZER, INDEX, SHARDS[0]], f"runs[0]: files has no {SHARDS[1]}; list every shard"),
        ([CONFIG, TOKENIZER, *SHARDS], f"runs[0]: files has no {INDEX}; list every shard"),
        ([CONFIG, TOKENIZER, INDEX, WEIGHTS, *SHARDS], "runs[0]: files has weights of several copies"),
        ([CONFIG, TOKENIZER, WEIGHTS, "pytorch_model.bin"], "'pytorch_model.bin' is no file of a language"),
        ([CONFIG, TOKENIZER, WEIGHTS, "modeling.py"], "'modeling.py' is no file of a language model"),
        ([CONFIG, TOKENIZER, WEIGHTS, "onnx/config.json"], "'onnx/config.json' is no file of a language"),
        ([CONFIG, TOKENIZER, WEIGHTS, "../model.safetensors"], "'../model.safetensors' is no file of a lang"),
        ([CONFIG, TOKENIZER, "model-00001-of-99999.safetensors"], "no model-00002-of-99999.safetensors"),
    ],
)
def test_what_its_files_lack_or_are_not(text_submitted, names, message):
    folder = write(text_submitted.folder.parent, listed(text_submitted.value, *names))
    assert any(message in line for line in faults(folder)), faults(folder)


def test_it_has_no_seeds(text_submitted, text_files):
    text_submitted.change(lambda value: value["runs"].append(run_entry(1, text_files, OTHER)))
    (fault,) = faults(text_submitted.folder)
    place = f"submission.yaml:{line_of(text_submitted.folder, 'seed: 1')}: runs[1].seed: "
    assert f"{place}a pretrained language model has no seeds to train; keep one run" in fault
    text_submitted.change(lambda value: value.update(runs=[run_entry(7, text_files)]))
    (fault,) = faults(text_submitted.folder)
    assert "runs[0].seed: a pretrained language model has no seeds" in fault


def test_it_is_for_suites_that_are_asked_in_text(text_submitted):
    runs = [text_submitted.value["runs"][0] | {"suite": suite} for suite in (TEXT_SUITE, "tiny-v1")]
    text_submitted.change(lambda value: value.update(suites=[TEXT_SUITE, "tiny-v1"], runs=runs))
    (fault,) = faults(text_submitted.folder)
    place = f"submission.yaml:{line_of(text_submitted.folder, '- tiny-v1')}: suites[1]: "
    assert f"{place}tiny-v1 is asked in numbers and a submission without spec is of a language" in fault


def test_it_has_no_specs_of_tasks(text_submitted):
    text_submitted.change(lambda value: value.update(specs={TASK: SPEC}))
    (fault,) = faults(text_submitted.folder)
    assert "specs: specs are of checkpoints and there is no spec; add it" in fault


def test_checkpoints_that_are_trained_on_its_tasks_have_a_spec(text_submitted):
    files = dict.fromkeys((f"{TASK}/{name}" for name in (CONFIG, WEIGHTS)), b"")
    spec = SPEC | {"positions": {"type": "learned", "max_tokens": 64}}
    value = submission_value([run_entry(0, files)], suites=[TEXT_SUITE], spec=spec)
    folder = write(text_submitted.folder.parent, value)
    assert faults(folder) == []
    read = read_submission(folder)
    assert run_identity(read, read.runs[0]).kind == "hub"


def test_checkpoints_list_no_tokenizer(text_submitted):
    value = language_model_value(text_submitted.files[0]) | {"spec": SPEC}
    folder = write(text_submitted.folder.parent, value)
    (fault,) = faults(folder)
    assert f"submission.yaml:{line_of(folder, TOKENIZER)}: runs[0].files.tokenizer.json: " in fault
    assert "is not a file that is fetched; write TASK/config.json and TASK/model.safetensors" in fault


def test_checkpoints_without_a_spec_are_told_of_it(text_submitted):
    files = dict.fromkeys((f"{TASK}/{name}" for name in (CONFIG, WEIGHTS)), b"")
    text_submitted.change(lambda value: value.update(runs=[run_entry(0, files)]))
    (fault,) = faults(text_submitted.folder)
    assert "runs[0].files: files has no tokenizer, and there is no spec" in fault


def test_the_example_of_contributing_is_valid(tmp_path):
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    place, content = re.search(r"writes `(submissions/\S+)`:\n\n```yaml\n(.+?)```", text, re.DOTALL).groups()
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(content)
    assert faults((tmp_path / place).parent) == []
    assert as_yaml(read_submission(tmp_path / place)) == content
