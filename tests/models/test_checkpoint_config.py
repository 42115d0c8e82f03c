"""A config that is not exactly one is refused in one line: what is wrong, where, and the nearest key."""

import json

import pytest
from models.folders import POINTER, change_config, refused
from models.small import small_spec

from icl_bench.models.model import load_checkpoint


@pytest.mark.parametrize("width", [10**9, 0, -8, 8.5, "8", True, None, 10**400])
def test_absurd_widths(folder, width):
    change_config(folder, spec=small_spec() | {"width": width})
    refused(folder, "faulty-config", "config.json: spec.width")


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({"sped": {}}, "did you mean 'spec'?"),
        ({"d": 0}, "d: "),
        ({"d": 10**9}, "d: "),
        ({"k": "1"}, "k: "),
        (
            {"task": "linear_regression"},
            "task: ",
        ),
        ({"task": "../../etc/passwd"}, "task: "),
        ({"task": "Mini-v1/linear_regression"}, "task: "),
        ({"spec": small_spec(schema=2)}, "schema: 2 "),
        ({"target_scale": 0}, "target_scale"),
        ({"target_scale": -1.0}, "target_scale"),
        ({"target_scale": 1e300}, "target_scale"),
        ({"training": []}, "training"),
        ({"training": {"losses": [0] * 2_000}}, "1,000"),
        ({"spec": None}, "spec"),
        ({"x" * 5_000: 1}, "'xxxx"),
        (
            {"spec": small_spec(stem=[{"norm": "rmsnorm", "module": {"type": "mamab"}}])},
            "did you mean 'mamba'?",
        ),
    ],
)
def test_faulty_configs(folder, changes, data):
    change_config(folder, **changes)
    refused(folder, "faulty-config", "config.json", data)


def test_a_config_with_a_byte_order_mark_is_read(folder):
    """As some editors on Windows write it."""
    path = folder / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_checkpoint(folder).task == "mini-v1/linear_regression"


def test_a_config_without_a_key(folder):
    (folder / "config.json").write_text(json.dumps({"spec": small_spec(), "d": 8, "task": "mini-v1/a"}))
    refused(folder, "faulty-config", "'k'")


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"", ""),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"{'d': 8}", ""),
        (b'{"d": 8, "d": 9}', "'d'"),
        (b'{"d": NaN}', "NaN"),
        (b'{"d": 1e999}', "inf"),
        (b'{"d": ' + b"9" * 5_000 + b"}", ""),
        (b'{"d": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", ""),
        (b'{"d": ' + b"[" * 300 + b"]" * 300 + b"}", "32"),
        (b'{"d": [' + b"1," * 200_000 + b"1]}", "100,000"),
        (b'{"d": "' + b"x" * 1_000_000 + b'"}', "1,000,000"),
        (b'{"' + b"".join(b'%d":0,"' % i for i in range(90_000)) + b'0":1}', ""),
        (b"[]", ""),
        (b"null", ""),
        (b"cos\nsystem\n(S'true'\ntR.", ""),
    ],
)
def test_configs_that_are_no_config(folder, content, data):
    (folder / "config.json").write_bytes(content)
    refused(folder, "damaged-json", "config.json", data)


def test_a_pointer_in_place_of_the_config(folder):
    """What a clone without Git LFS holds."""
    (folder / "config.json").write_bytes(POINTER)
    refused(folder, "lfs-pointer-checkpoint", "config.json", "`git lfs pull`")


def test_no_config(folder):
    (folder / "config.json").unlink()
    refused(folder, "no-config-file", "config.json")
    refused(folder / "nowhere", "no-config-file", "config.json")
