"""Variants of tasks, and tasks that a suite lists though another one owns them."""

import json
import shutil

import numpy as np
import pytest
import yaml
from models.small import saved, small_model
from raising import raises

import icl_bench
from icl_bench.entries.open import open_checkpoints, open_source
from icl_bench.errors import CheckpointError, InputError, SpecError, SuiteError
from icl_bench.frozen.errors import load_errors
from icl_bench.frozen.freeze import freeze, needed_baselines
from icl_bench.ranking.board import Board
from icl_bench.ranking.resampled import Contender
from icl_bench.records.audit import audit
from icl_bench.records.read import load_record
from icl_bench.records.store import borrowed_records, runs_of
from icl_bench.specs.result import ModelIdentity
from icl_bench.suites import find_task, generate, load_prompts, load_suite
from icl_bench.suites.generate import generate_queries
from icl_bench.suites.lock import lock_suite

BASE = "tiny-v1/linear_regression"
LINEAR = {
    "schema": 1,
    "summary": "small",
    "function_class": {"type": "linear_regression", "dims": 3},
    "points": 9,
    "scored": "all",
    "baseline": "least_squares",
    "exact": "least_squares",
    "exact_note": "Exact.",
    "trained_as": BASE,
}
VARIANTS = {
    "linear_signs": {"shift": {"type": "signs"}},
    "linear_repeated": {"shift": {"type": "repeated"}},
    "linear_longer": {"points": 18},
}


def write(folder, tasks: list[str], **changes) -> None:
    folder.mkdir(exist_ok=True)
    value = {"schema": 1, "name": folder.name, "summary": "variants", "prompts": 96, "resamples": 2000}
    value |= {"tasks": tasks, "notes": "for tests"} | changes
    (folder / "suite.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")


@pytest.fixture
def shifts(own):
    """`tiny-shifts-v1`: variants of a task of tiny-v1, and two tasks that tiny-v1 owns, locked."""
    folder = own.folder.parent / "tiny-shifts-v1"
    write(folder, [*VARIANTS, "tiny-v1/sparse_parity", BASE])
    for name, changes in VARIANTS.items():
        task = LINEAR | {"name": name} | changes
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    lock_suite(load_suite("tiny-shifts"))
    return load_suite("tiny-shifts")


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of the base, that can read 17 tokens."""
    positions = {"type": "learned", "max_tokens": 17}
    saved(tmp_path / "model" / "linear_regression", small_model(d=3, task=BASE, positions=positions))
    return tmp_path / "model"


def test_a_suite_lists_tasks_with_their_own_prompts_hashes_and_errors(shifts, own):
    assert list(shifts.tasks) == [*VARIANTS, "sparse_parity", "linear_regression"]
    assert shifts.full_name("sparse_parity") == "tiny-v1/sparse_parity"
    assert shifts.full_name("linear_signs") == "tiny-shifts-v1/linear_signs"
    assert shifts.lock.tasks["sparse_parity"] == own.lock.tasks["sparse_parity"]
    here, there = load_prompts(shifts, "sparse_parity"), load_prompts(own, "sparse_parity")
    assert np.array_equal(here.xs, there.xs)
    freeze(shifts, needed_baselines(shifts, ["sparse_parity"]))
    assert load_errors(own, "sparse_parity", "parity_bayes") is not None
    assert not (shifts.folder / "baselines").exists()
    assert find_task("tiny-shifts/sparse_parity")[0].name == "tiny-v1"


def test_the_same_record_serves_both_suites(shifts, own, tmp_path):
    record = icl_bench.evaluate("baseline/averaging", "tiny", ["sparse_parity", "vector_mqar"])
    results = tmp_path / "submissions" / "someone__model" / "results"
    model = ModelIdentity(kind="hub", id="someone/model", revision="0" * 40)
    record.model_copy(update={"model": model}).save(results / "tiny-v1-seed-0.json")
    (borrowed,) = borrowed_records("someone/model", {}, shifts, tmp_path / "submissions")
    assert list(borrowed.tasks) == ["sparse_parity"]
    here = icl_bench.evaluate("baseline/averaging", "tiny-shifts", ["sparse_parity"])
    assert here.tasks["sparse_parity"].estimates == record.tasks["sparse_parity"].estimates
    assert borrowed_records("someone/model", {0: here}, shifts, tmp_path / "submissions") == []
    board = Board(shifts, [Contender("reference/x", runs_of([borrowed]))])
    assert board.models[0].scores["sparse_parity"] == record.tasks["sparse_parity"].score


def test_what_a_suite_lists_has_to_be_there_once_and_scored_alike(shifts):
    folder = shifts.folder
    for tasks, code, name in (
        (["tiny-v1/nothing"], "no-such-task", ("tiny-v1", "nothing")),
        (["tiny-v9/sparse_parity"], "no-such-suite", "'tiny-v9'"),
        (["tiny-shifts-v1/linear_signs"], "no-such-suite", "'tiny-shifts-v1'"),
        (["tiny-v1/sparse_parity", "tiny-v1/sparse_parity"], "listed-twice", "sparse_parity"),
    ):
        write(folder, tasks)
        with raises(SpecError, code, naming=name):
            load_suite("tiny-shifts")
    write(folder, ["tiny-v1/sparse_parity"], prompts=95)
    with raises(SpecError, "scored-otherwise", naming=("tiny-v1", 96, 2000)):
        load_suite("tiny-shifts")


def test_other_hashes_of_a_listed_task_are_refused(shifts):
    lock = json.loads(shifts.lock_path.read_text(encoding="utf-8"))
    lock["tasks"]["sparse_parity"]["xs"] = "0" * 64
    shifts.lock_path.write_text(json.dumps(lock), encoding="utf-8")
    with raises(SuiteError, "lock-differs", naming="sparse_parity"):
        shifts.lock  # noqa: B018


def test_checkpoints_of_the_base_answer_its_variants(shifts, checkpoint):
    opened = open_source(str(checkpoint), shifts).opened
    assert set(opened.checkpoints) == {"linear_signs", "linear_repeated", "linear_regression"}
    message = "has 17 positions and a prompt of tiny-shifts-v1/linear_longer has 35 tokens"
    assert opened.unfit == {"linear_longer": f"its checkpoint {message}"}
    root = open_checkpoints(str(checkpoint / "linear_regression"), shifts, tasks=["linear_signs"])
    assert list(root) == ["linear_signs"]


def test_a_variant_is_evaluated_recorded_and_audited(shifts, checkpoint, tmp_path):
    record = icl_bench.evaluate(str(checkpoint), "tiny-shifts")
    assert set(record.tasks) == {"linear_signs", "linear_repeated", "linear_regression"}
    assert record.missing["linear_longer"].startswith("its checkpoint has 17 positions")
    record.save(tmp_path / "r.json")
    audit(load_record(tmp_path / "r.json"), shifts, "r.json")


def test_a_checkpoint_of_another_task_is_refused_by_name(shifts, checkpoint):
    shutil.move(checkpoint / "linear_regression", checkpoint / "sparse_parity")
    with raises(CheckpointError, "other-task", naming=(BASE, "tiny-v1/sparse_parity")):
        open_checkpoints(str(checkpoint), shifts)


def test_a_variant_is_not_trained_on(shifts, tmp_path):
    with raises(InputError, "variant", naming=("linear_signs", BASE)):
        icl_bench.train("reference/gpt2", "tiny-shifts/linear_signs", out=tmp_path / "run", steps=1)


def test_queries_are_apart_from_the_context(shifts):
    prompts = load_prompts(shifts, "linear_repeated")
    suite, task = find_task("tiny-shifts/linear_repeated")
    arrays = generate(task, suite.name, "eval", 0, 96)
    queries = generate_queries(task, suite.name, "eval", 0, 96)
    assert np.array_equal(prompts.queries.xs, queries.xs)
    w = arrays.parameters["w"]
    assert np.allclose(queries.ys[..., 0], np.einsum("pid,pd->pi", queries.xs, w), atol=1e-5)
    repeats = [
        any(np.array_equal(queries.xs[p, i], arrays.xs[p, j]) for j in range(i))
        for p in range(20)
        for i in range(1, 9)
    ]
    assert all(repeats)
    assert np.array_equal(queries.xs[:, 0], arrays.xs[:, 0])


def test_a_callable_is_asked_once_a_context_length_and_scored_on_the_queries(shifts):
    lengths = []

    def look_up(xs, ys):
        """The target that was shown with the query; 0 where there is none."""
        lengths.append(xs.shape[1])
        answers = np.zeros_like(ys)
        same = (xs[:, None, :, :] == xs[:, :, None, :]).all(-1)  # prompt, query, earlier input
        for i in range(xs.shape[1]):
            for j in range(i):
                answers[:, i] = np.where(same[:, i, j, None], ys[:, j], answers[:, i])
        return answers

    record = icl_bench.evaluate(look_up, "tiny-shifts", ["linear_repeated"])
    curve = record.tasks["linear_repeated"].error_curves
    assert curve.model[1:] == [0.0] * 8
    assert curve.model[0] == curve.zero[0] > 0
    assert set(lengths) == set(range(1, 10))
    exact = icl_bench.evaluate("baseline/least_squares", "tiny-shifts", ["linear_repeated"])
    assert exact.tasks["linear_repeated"].mean_error.value < 1e-6 + curve.zero[0] / 9


def test_a_peeking_predictor_is_caught_on_queries_too(shifts):
    with raises(icl_bench.errors.CheckError, "causality"):
        icl_bench.evaluate(lambda xs, ys: ys, "tiny-shifts", ["linear_repeated"])
