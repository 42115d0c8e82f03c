"""A suite is frozen once; from then on its arrays are only compared with the lock."""

import hashlib
import json

import numpy as np
import pytest
from raising import raises

from icl_bench.errors import SuiteError
from icl_bench.suites import load_suite
from icl_bench.suites.lock import array_hash, frozen, lock_suite, parameters_hash, remake


def tamper(suite, task: str, part: str) -> None:
    lock = json.loads(suite.lock_path.read_text(encoding="utf-8"))
    lock["tasks"][task][part] = "0" * 64
    suite.lock_path.write_text(json.dumps(lock), encoding="utf-8")


def test_a_lock_is_written_once(tiny):
    before = tiny.lock_path.read_bytes()
    with raises(SuiteError, "already-locked", naming="lock.json"):
        lock_suite(tiny)
    assert tiny.lock_path.read_bytes() == before


def test_locking_again_elsewhere_gives_the_same_bytes(tiny):
    before = tiny.lock_path.read_bytes()
    tiny.lock_path.unlink()
    lock_suite(tiny)
    assert tiny.lock_path.read_bytes() == before


def test_the_identity_of_a_suite_is_the_hash_of_its_lock_file(tiny):
    assert tiny.lock_hash == hashlib.sha256(tiny.lock_path.read_bytes()).hexdigest()


def test_a_locked_suite_is_reproduced(tiny):
    for task in tiny.tasks.values():
        assert remake(tiny, task)[-1] == []


@pytest.mark.parametrize("part", ["xs", "ys", "parameters"])
def test_arrays_that_are_not_the_locked_ones_are_refused(tiny, part):
    task = tiny.tasks["decision_tree"]
    digest = getattr(tiny.lock.tasks["decision_tree"], part)
    tamper(tiny, "decision_tree", part)
    named = ("tiny-v1/decision_tree", f"{part}: ", "0" * 64, digest, "constraints.txt")
    with raises(SuiteError, "prompts-differ", naming=named):
        frozen(tiny, task)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("sparse_parity.yaml", "sparsity: 2", "sparsity: 3"),
        ("sparse_parity.yaml", "scored: all", "scored: last"),
        ("sparse_parity.yaml", "baseline: parity_bayes", "baseline: averaging"),
        ("suite.yaml", "resamples: 2000", "resamples: 2001"),
    ],
)
def test_changed_rules_are_refused(tiny, file, old, new):
    """The arrays are frozen, and so is how a score is made of them."""
    path = tiny.folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    suite = load_suite("tiny")
    with raises(SuiteError, "rules-changed", naming=file):
        frozen(suite, suite.tasks["sparse_parity"])


def test_a_hash_is_that_of_the_little_endian_bytes():
    array = np.array([[1.5, -2.0]], np.float32)
    expected = hashlib.sha256(bytes.fromhex("0000c03f000000c0")).hexdigest()
    assert array_hash(array) == array_hash(array.astype(">f4")) == expected
    assert array_hash(np.asfortranarray(np.arange(6).reshape(2, 3))) == array_hash(np.arange(6).reshape(2, 3))


def test_parameters_are_hashed_with_their_names_and_shapes():
    a, b = np.zeros((2, 3), np.float32), np.ones((2, 1), np.int32)
    known = hashlib.sha256(b"a <f4 2\xc3\x973\n" + a.tobytes() + b"b <i4 2\xc3\x971\n" + b.tobytes())
    assert parameters_hash({"b": b, "a": a}) == known.hexdigest()
    others = [{"a": b, "b": a}, {"a": a.reshape(3, 2), "b": b}, {"a": a}]
    assert all(parameters_hash(other) != known.hexdigest() for other in others)
