"""Where no file is named for a record, two evaluations that differ get two files."""

from itertools import combinations

import pytest

from icl_bench.records.file_name import default_file_name

ALL = ["linear_regression", "sparse_parity", "vector_mqar", "decision_tree"]


@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("reference/llama", "reference__llama-tiny-v1.json"),
        ("user/model@main", "user__model@main-tiny-v1.json"),
        ("./runs/llama/linear-0/", "runs__llama__linear-0-tiny-v1.json"),
        ("..", "model-tiny-v1-1c2e25dc.json"),
    ],
)
def test_the_record_is_named_after_the_model(tiny, model, file):
    assert default_file_name(model, tiny, ALL) == file


def test_what_differs_has_a_name_of_its_own(tiny):
    asked = [
        ("user/model", ALL, None, None),
        ("user__model", ALL, None, None),
        ("user/model", ALL, "main", None),
        ("user/model", ALL, "refs/pr/1", None),
        ("user/model", ALL, "refs__pr__1", None),
        ("user/model", ALL, None, "cuda"),
        ("user/model", ALL, None, "cuda:1"),
        ("user/model", ALL[:1], None, None),
        ("user/model", ALL[:2], None, None),
        ("user/model", ALL[1:2], None, None),
        ("a model", ALL, None, None),
        ("a+model", ALL, None, None),
        ("/user/model", ALL, None, None),
        ("../user/model", ALL, None, None),
        ("x" * 400 + "1", ALL, None, None),
        ("x" * 400 + "2", ALL, None, None),
        ("y/" * 400 + "é", ALL, None, None),
    ]
    names = [
        default_file_name(model, tiny, tasks, revision, device) for model, tasks, revision, device in asked
    ]
    for first, second in combinations(range(len(asked)), 2):
        assert names[first] != names[second], (asked[first], asked[second])
    assert max(len(name.encode()) for name in names) <= 255
    assert all("/" not in name for name in names)


def test_what_is_asked_twice_has_one_name(tiny):
    once = default_file_name("user/model@main", tiny, ALL)
    assert default_file_name("user/model", tiny, ALL, "main") == once
    assert default_file_name("user/model@main", tiny, ALL, "main", "cpu") == once
