"""Every fault of a submission is reported with its line and remedy; hostile values are one line each."""

import os
import pickle
from pathlib import Path

import pytest
import yaml
from raising import raises
from specs.test_plain_yaml import BOMB, MERGES
from submissions.submitted import ATTENTION, SPEC, faults, line_of, submission_value, write

from icl_bench.errors import SpecError
from icl_bench.specs.submission import Submission, parse_submission
from icl_bench.submissions import validate
from icl_bench.submissions.submission_folder import MAX_BYTES, read_submission
from icl_bench.submissions.validate import MAX_PARAMETERS

OLD = "e5" * 20
SUBLAYER = {"norm": "rmsnorm", "module": ATTENTION}


@pytest.fixture
def root(tiny, tmp_path) -> Path:
    return tmp_path / "submissions"


def test_a_whole_submission_is_valid_and_survives_the_round_trip(root):
    folder = write(root, submission_value())
    assert faults(folder) == faults(folder / "submission.yaml") == []
    read = read_submission(folder)
    assert parse_submission(read.to_dict(), "again") == read
    assert read.run_name(read.runs[0]) == "tiny-v1-seed-0"


def test_every_fault_is_reported_at_once_with_its_line_and_remedy(root):
    value = submission_value(licence="apache", authors=[], colour="red", links={"papr": "https://a.example"})
    value["runs"][0] |= {"revision": "main", "sed": 1}
    value["runs"][0]["files"]["pytorch_model.bin"] = "d4" * 32
    value["spec"] = SPEC | {"width": "8", "layers": [{"repeat": 0, "sublayers": []}]}
    del value["training_data"]
    folder = write(root, value)
    messages = faults(folder)
    for text, line, message in [
        ("apache", "licence: apache", "unknown licence 'apache'; did you mean 'apache-2.0'?"),
        ("authors", "authors", "authors: give at least 1 (given: [])"),
        ("colour", "colour", "unknown key 'colour'; valid: "),
        ("papr", "papr", "links: unknown key 'papr'; did you mean 'paper'?"),
        ("main", "revision: main", "'main' is not a commit; write its 40 hexadecimal digits"),
        ("sed", "sed: 1", "runs[0]: unknown key 'sed'; did you mean 'seed'?"),
        (
            "bin",
            "pytorch_model.bin",
            "'pytorch_model.bin' is not a file that is fetched; write TASK/config.json",
        ),
        ("width", "width", "spec.width: write a whole number (given: '8')"),
        ("repeat", "repeat", "spec.layers[0].repeat: Input should be greater than or equal to 1 (given: 0)"),
    ]:
        place = f"submission.yaml:{line_of(folder, line)}: "
        assert any(place in line and message in line for line in messages), (text, messages)
    assert any("missing key 'training_data'; add it" in line for line in messages)
    assert len(messages) == 11
    with raises(SpecError, naming="`icl-bench submissions validate`"):
        read_submission(folder)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["linear_regression/config.json"], "files: give at least 2 (given: "),
        (
            ["config.json", "model.safetensors", "linear_regression/config.json"],
            "files has no linear_regression/m",
        ),
        (
            ["config.json", "model.safetensors", "a/config.json", "a/model.safetensors"],
            "keep either the root's",
        ),
        (["../config.json", "../model.safetensors"], "'../config.json' is not a file that is fetched"),
        (["/etc/config.json", "/etc/model.safetensors"], "is not a file that is fetched"),
        (["a/b/config.json", "a/b/model.safetensors"], "is not a file that is fetched"),
        (["a/config.json\n", "a/model.safetensors"], "is not a file that is fetched"),
        (["a/CONFIG.JSON", "a/model.safetensors"], "is not a file that is fetched"),
        (["a/config.json", "a/pytorch_model.bin"], "'a/pytorch_model.bin' is not a file"),
        (
            ["linear_regresion/config.json", "linear_regresion/model.safetensors"],
            "did you mean 'linear_regression'",
        ),
    ],
)
def test_files_are_pairs_in_folders_of_tasks_or_at_the_root(root, files, message):
    value = submission_value()
    value["runs"][0]["files"] = dict.fromkeys(files, "d4" * 32)
    assert any(message in line for line in faults(write(root, value)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda value: value["runs"].append(value["runs"][0]),
            "runs[1]: tiny-v1-seed-0 is listed 2 times; keep one",
        ),
        (lambda value: value["suites"].append("tiny-v1"), "suites[1]: tiny-v1 is listed 2 times; keep one"),
        (
            lambda value: value.update(suites=["tinny-v1"]),
            "unknown suite 'tinny-v1'; did you mean 'tiny-v1'?",
        ),
        (
            lambda value: value["runs"][0].update(suite="mini-v1"),
            "a run is for mini-v1, which suites does not name",
        ),
        (lambda value: value["suites"].append("mini-v1"), "the run of seed 0 names no suite; add `suite:`"),
        (lambda value: value["runs"][0].update(seed=-1), "greater than or equal to 0 (given: -1)"),
        (lambda value: value["runs"][0].update(seed="0"), "write a whole number (given: '0')"),
        (
            lambda value: value.update(specs={"vector_mqar": SPEC}),
            "no run has a folder vector_mqar/; take it",
        ),
        (lambda value: value.update(specs={"../x": SPEC}), "specs.../x"),
        (
            lambda value: value["runs"].append(value["runs"][0] | {"seed": 1}),
            "linear_regression/model.safetensors are the weights of another run too; every run",
        ),
        (lambda value: value.update(authors=[5]), "write text, in quotes where it reads as something else"),
        (lambda value: value.update(authors=[]), "authors: give at least 1 (given: [])"),
        (lambda value: value.update(schema=2), "schema: 2 was made by a newer icl-bench"),
        (lambda value: value.update(schema=0), "schema: Input should be 1 (given: 0)"),
        (lambda value: value.update(runs=[]), "runs: give at least 1 (given: [])"),
        (lambda value: value.update(authors=["x"] * 51), "authors: give at most 50 (given: "),
        (
            lambda value: value.update(supersedes={"revision": "main", "reason": "r"}),
            "'main' is not a commit",
        ),
        (lambda value: value.update(supersedes={"revision": ["x"], "reason": "r"}), "'x' is not a commit"),
        (
            lambda value: value.update(supersedes={"revision": 5, "reason": "r"}),
            "reads as something else (given: 5)",
        ),
        (lambda value: value.update(supersedes={"revision": OLD, "reason": "r"}), "no results of revision"),
        (lambda value: value["runs"][0]["files"].update({"\x1b[31m": "x"}), "is not a file that is fetched"),
    ],
)
def test_other_faults(root, change, message):
    value = submission_value()
    change(value)
    assert any(message in line for line in faults(write(root, value)))


def test_several_suites_have_runs_of_their_own(root):
    value = submission_value(suites=["tiny-v1", "other-v2"])
    run = value["runs"][0]
    value["runs"] = [run | {"suite": "tiny-v1"}, run | {"suite": "other-v2"}]
    submission = parse_submission(value, "")
    assert [submission.run_name(run) for run in submission.runs] == ["tiny-v1-seed-0", "other-v2-seed-0"]
    assert submission.runs_of("other-v2") == [submission.runs[1]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": [{"repeat": 512, "sublayers": [SUBLAYER] * 64}]}, "32,768 sublayers; at most 2,048 are"),
        ({"width": 16_384, "layers": [{"repeat": 30, "sublayers": [SUBLAYER]}]},
         "parameters; at most 2,000,000,000 are accepted"),
        ({"width": 8_192, "layers": [{"repeat": 2, "sublayers": [SUBLAYER]}]},
         f"parameters; submissions have at most {MAX_PARAMETERS:,}: submit a smaller model"),
        ({"width": 10**30}, "a whole number of 100 bits; at most 64 are read; fix the YAML"),
        ({"width": float("inf")}, "spec.width: write a whole number (given: inf)"),
        ({"positions": {"type": "learned", "max_tokens": 10}},
         "10 positions and a prompt of tiny-v1/linear_regression has 17 tokens; raise max_tokens"),
        ({"positions": {"type": "learned", "max_tokens": 10**9}}, "less than or equal to 65536"),
        ({"name": "../x"}, "spec.name: write at most 64 small letters (a to z), digits"),
        ({"code": "import os"}, "spec: unknown key 'code'"),
        ({"stem": [{"norm": "rmsnorm", "module": {"type": []}}]}, "spec.stem[0].module: unknown block '[]'"),
        ({"layers": [{"repeat": 1, "sublayers": [{"norm": "rmsnorm", "module": {"type": "os.system"}}]}]},
         "unknown block 'os.system'"),
    ],
)  # fmt: skip
def test_specs_of_absurd_size_or_content(root, changes, message):
    (line,) = faults(write(root, submission_value(spec=SPEC | changes)))
    assert message in line
    assert ": " in line


def test_a_spec_that_takes_too_long_to_evaluate_is_refused_before_anything_is_fetched(root, monkeypatch):
    monkeypatch.setattr(validate, "MAX_FLOPS", 1e5)
    (message,) = faults(write(root, submission_value()))
    assert "FLOPs to evaluate on tiny-v1; at most 1e+05 are spent on a run: submit a smaller model" in message
    monkeypatch.setattr(validate, "MAX_FLOPS", 1e9)
    monkeypatch.setattr(validate, "MAX_FLOPS_IN_ALL", 1e5)
    (message,) = faults(write(root, submission_value()))
    assert "FLOPs to evaluate all runs; at most 1e+05 are spent: submit fewer" in message


class Trap:
    """Were it loaded as a pickle, it would make a folder."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "more than 100,000 values"),
        (MERGES, "submission.yaml:2: merge keys (<<) are not read"),
        ("model: !!python/object/apply:os.mkdir ['TRAP']", "submission.yaml:1: the tag"),
        ("model: !!python/name:os.system", "the tag"),
        ("model: a\nmodel: b", "submission.yaml:2: duplicate key 'model'"),
        ("a: &a [*a]", "more than 100,000 values"),
        ("a: " + "[" * 3_000, "nested too deeply"),
        ("- 1", "submission.yaml:1: give a mapping of keys to values"),
        ("", "submission.yaml:1: give a mapping of keys to values"),
        ("x" * (MAX_BYTES + 1), f"is larger than {MAX_BYTES:,} bytes; shorten it"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        ("a: \x00", "submission.yaml:1: U+0000 (a control character) is invisible; remove it"),
        ("# a\u2028model: b/c", "submission.yaml:1: U+2028 (LINE SEPARATOR) is invisible"),
        ("? 0x" + "f" * 80_000 + "\n: 1", "submission.yaml:1: a whole number of 80,002 digits"),
        ("a: " + "1:" * 300 + "1.5", "is read as a number to the base 60"),
    ],
    ids=range(15),
)
def test_yaml_that_explodes_constructs_or_repeats(root, tmp_path, text, message):
    folder = write(root, submission_value())
    trap = tmp_path / "executed"
    content = text.encode() if isinstance(text, str) else text
    (folder / "submission.yaml").write_bytes(content.replace(b"TRAP", str(trap).encode()))
    assert any(message in line for line in faults(folder))
    assert not trap.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_in_place_of_the_submission_is_never_loaded(root, tmp_path, protocol):
    folder = write(root, submission_value())
    (folder / "submission.yaml").write_bytes(pickle.dumps(Trap(tmp_path / "executed"), protocol))
    assert len(faults(folder)) >= 1
    assert not (tmp_path / "executed").exists()


def test_hundreds_of_faults_are_reported_briefly(root):
    value = submission_value()
    value["runs"][0]["files"] = {f"file{number}": 1 for number in range(300)}
    messages = faults(write(root, value))
    assert len(messages) == 101
    assert "500 more faults; fix those above first" in " ".join(messages)


def test_hundreds_of_unknown_keys_are_reported_briefly(root):
    value = submission_value() | {f"key{number}": 1 for number in range(300)} | {"k" * 5_000: 1}
    assert 1 <= len(faults(write(root, value))) <= 60


def test_the_class_is_strict_in_every_mapping():
    assert Submission.model_config["extra"] == "forbid"
    dumped = yaml.safe_dump(parse_submission(submission_value(), "").to_dict())
    assert "!!" not in dumped
