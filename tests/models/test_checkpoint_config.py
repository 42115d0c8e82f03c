"""A config that is not exactly one is refused in one line: what is wrong, where, and the nearest key."""

import json

import pytest
from models.folders import POINTER, change_config, refused
from models.small import small_spec

from icl_bench.models.model import load_checkpoint


@pytest.mark.parametrize("width", [10**9, 0, -8, 8.5, "8", True, None, 10**400])
def test_absurd_widths(folder, width):
    change_config(folder, spec=small_spec() | {"width": width})
    refused(folder, "config.json: spec.width")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sped": {}}, "unknown key 'sped'; did you mean 'spec'?"),
        ({"d": 0}, "d: Input should be greater"),
        ({"d": 10**9}, "d: Input should be less"),
        ({"k": "1"}, "k: write a whole number"),
        (
            {"task": "linear_regression"},
            "task: write a suite and a task in small letters (a to z), as mini-v1/",
        ),
        ({"task": "../../etc/passwd"}, "task: write a suite and a task"),
        ({"task": "Mini-v1/linear_regression"}, "task: write a suite and a task in small letters (a to z)"),
        ({"spec": small_spec(schema=2)}, "schema: 2 was made by a newer icl-bench, and this one reads 1"),
        ({"target_scale": 0}, "target_scale"),
        ({"target_scale": -1.0}, "target_scale"),
        ({"target_scale": 1e300}, "target_scale"),
        ({"training": []}, "training"),
        ({"training": {"losses": [0] * 2_000}}, "more than 1,000 values"),
        ({"spec": None}, "spec"),
        ({"x" * 5_000: 1}, "unknown key 'xxxx"),
        (
            {"spec": small_spec(stem=[{"norm": "rmsnorm", "module": {"type": "mamab"}}])},
            "spec.stem[0].module: unknown block 'mamab'; did you mean 'mamba'?",
        ),
    ],
)
def test_faulty_configs(folder, changes, message):
    change_config(folder, **changes)
    refused(folder, "config.json", message)


def test_a_config_with_a_byte_order_mark_is_read(folder):
    """As some editors on Windows write it."""
    path = folder / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_checkpoint(folder).task == "mini-v1/linear_regression"


def test_a_config_without_a_key(folder):
    (folder / "config.json").write_text(json.dumps({"spec": small_spec(), "d": 8, "task": "mini-v1/a"}))
    refused(folder, "missing key 'k'")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not text in UTF-8; save it as UTF-8"),
        (b"{'d': 8}", "not valid JSON"),
        (b'{"d": 8, "d": 9}', "duplicate key 'd'"),
        (b'{"d": NaN}', "NaN is not a JSON number"),
        (b'{"d": 1e999}', "inf is not a finite number"),
        (b'{"d": ' + b"9" * 5_000 + b"}", "not valid JSON"),
        (b'{"d": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested"),
        (b'{"d": ' + b"[" * 300 + b"]" * 300 + b"}", "nested more than 32 levels deep"),
        (b'{"d": [' + b"1," * 200_000 + b"1]}", "more than 100,000 values"),
        (b'{"d": "' + b"x" * 1_000_000 + b'"}', "larger than 1,000,000 bytes"),
        (b'{"' + b"".join(b'%d":0,"' % i for i in range(90_000)) + b'0":1}', "duplicate key"),
        (b"[]", "a mapping is expected"),
        (b"null", "a mapping is expected"),
        (b"cos\nsystem\n(S'true'\ntR.", "not valid JSON"),
    ],
)
def test_configs_that_are_no_config(folder, content, message):
    (folder / "config.json").write_bytes(content)
    refused(folder, "config.json", message)


def test_a_pointer_in_place_of_the_config(folder):
    """What a clone without Git LFS holds."""
    (folder / "config.json").write_bytes(POINTER)
    refused(folder, "config.json is a Git LFS pointer, not the file itself; run `git lfs pull`")


def test_no_config(folder):
    (folder / "config.json").unlink()
    refused(folder, "holds no config.json")
    refused(folder / "nowhere", "holds no config.json")
