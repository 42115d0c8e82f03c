"""A spec file is plain data: what would run code, unfold without end or hide a value is one line."""

from pathlib import Path

import pytest

from icl_bench.errors import SpecError
from icl_bench.specs.schema import read_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

MERGES = "a: &a {p: 1, q: 2}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(folder: Path, text: str | bytes) -> object:
    (folder / "spec.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(folder / "spec.yaml")


def test_yaml_and_json_are_read(tmp_path):
    assert read(tmp_path, "a: 1\nb: {c: [x, 2.5, true, null]}\n") == {
        "a": 1,
        "b": {"c": ["x", 2.5, True, None]},
    }
    assert read(tmp_path, '{"a": 1, "b": {"c": ["x", 2.5, true, null]}}') == read_yaml(tmp_path / "spec.yaml")


def test_a_tab_after_a_colon_is_read(tmp_path):
    assert read(tmp_path, "a:\t1\n") == {"a": 1}


def test_short_aliases_are_read(tmp_path):
    """PyYAML writes them wherever one object stands twice."""
    assert read(tmp_path, "a: &x [1]\nb: *x\n") == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ('{"a": {"b": 1, "b": 1}}', "line 1: the key 'b' stands twice"),
        (BOMB, "more than 100,000 values"),
        ("a: &a [*a, *a]", "more than 100,000 values"),
        ("a: !!python/object/apply:os.mkdir [/tmp/executed]", "line 1: the tag "),
        ("a: !custom 1", "the tag '!custom' is not read"),
        ("a: !!int ''", "the tag 'tag:yaml.org,2002:int' is not read"),
        (MERGES, "line 2: merge keys (<<) are not read; write the keys out"),
        ("a: 0x" + "f" * 17, "a whole number of 68 bits; at most 64 are read"),
        ("? 0x" + "f" * 17 + "\n: 1", "a whole number of 68 bits; at most 64 are read"),
        ("a: [1\nb: 2", "line 2"),
        ("a: 2001-99-99", "month must be in 1..12"),
        ("a: " + "9" * 5_000, "line 1: a whole number of 5,000 digits"),
        ("a: " + "[" * 5_000 + "]" * 5_000, "nested too deeply"),
        ("a: " + "b" * 1_000_000, "larger than 1,000,000 bytes"),
        (b"a: \xff", "can't decode byte"),
        ("a: \x00", "not YAML"),
        (r'{"a": "\ud83d\ude00"}', "invalid Unicode character escape code"),
        ("%UNKNOWN\n---\na: 1", "unknown directive"),
    ],
    ids=range(19),
)
def test_anything_else_is_one_line(tmp_path, text, told):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(("cannot parse ", "cannot read "))
    assert str(tmp_path / "spec.yaml") in message
    assert told in message
    assert "\n" not in message
    assert len(message) < 500


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match=r"no file .*nowhere; check the path"):
        read_yaml(tmp_path / "nowhere")
    with pytest.raises(SpecError, match="Is a directory"):
        read_yaml(tmp_path)
