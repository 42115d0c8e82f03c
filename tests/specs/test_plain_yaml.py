"""A spec file is plain data: what would run code, unfold without end or hide a value is one line."""

import json
from pathlib import Path

import pytest
from raising import raises

from icl_bench.errors import SpecError
from icl_bench.specs.plain_yaml import dump_plain
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


def test_what_windows_writes_is_read(tmp_path):
    """A byte order mark, and two characters at the end of a line."""
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}
    assert read(tmp_path, b'\xef\xbb\xbf{"a": 1,\r\n "b": 2}') == {"a": 1, "b": 2}
    with raises(SpecError, "unparsable", naming=("line 2", "'a'")):
        read(tmp_path, b"\xef\xbb\xbfa: 1\r\na: 2\r\n")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 1e-3), ("1E5", 1e5), ("-2e+4", -2e4), (".5e1", 5.0), ("1.5e-3", 1.5e-3), ("3.", 3.0)],
)
def test_a_power_of_ten_is_a_number(tmp_path, text, number):
    for content in (f"a: {text}", f"a: [{text}]", f"{{a: {text}}}"):
        value = read(tmp_path, content)["a"]
        assert (value, type(value)) in ((number, float), ([number], list))


@pytest.mark.parametrize("number", [0, 7, -12, 1_000, 0.5, 0.25e-9, 1e-3, 1e300, True])
def test_numbers_read_as_json_does(tmp_path, number):
    assert read(tmp_path, f"a: {json.dumps(number)}") == {"a": number}


@pytest.mark.parametrize(
    "text", ["1e5", "0100", "10:00", "1:30.5", "007", "1_0e3", "-", "no", "~", "1.50", "a: b"]
)
def test_text_that_reads_as_something_else_is_written_in_quotes(tmp_path, text):
    value = {"a": text, text: ["x", text], "lines": f"{text}\n{text}\n"}
    assert read(tmp_path, dump_plain(value)) == value


# U+2028, U+2029 and U+0085 end lines in YAML, and with them what looks like a comment
UNSEEN = [
    "\u2028",
    "\u2029",
    "\x85",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\x1b",
    "\x00",
    "\r",
    "\x0c",
]
UNSEEN += ["\xa0", "\u3164", "\ufe0f", "\U000e0101", "\ue000"]


@pytest.mark.parametrize("character", UNSEEN)
@pytest.mark.parametrize("line", ["# why{}hidden: 2", "a: x{}y", "a: 'x{}y'", "a{}b: 1", "x: |\n  a{}b"])
def test_a_character_that_is_not_seen_is_refused_wherever_it_stands(tmp_path, character, line):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, f"first: 1\n{line.format(character)}\n")
    place = 1 + len(line.split("\n"))
    assert f"spec.yaml line {place}: U+{ord(character):04X} (" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["a:\t1\n", "a: 1 #\tx\n", '{\n\t"a": 1\n}'])
def test_a_tab_is_refused(tmp_path, text):
    with raises(SpecError, "unparsable", naming="tab"):
        read(tmp_path, text)


def test_short_aliases_are_read(tmp_path):
    """PyYAML writes them wherever one object is repeated."""
    assert read(tmp_path, "a: &x [1]\nb: *x\n") == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: duplicate key 'a'"),
        ('{"a": {"b": 1, "b": 1}}', "line 1: duplicate key 'b'"),
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
        ("a: 0100", "line 1: '0100' begins with a zero; write the number without it"),
        ("a: 1\nb: [-0_7]", "line 2: '-0_7' begins with a zero"),
        ("a: 00.5", "line 1: '00.5' begins with a zero"),
        ("0100: a", "line 1: '0100' begins with a zero"),
        ("a: 10:00", "line 1: '10:00' is read as a number to the base 60"),
        ("a: 1:30.5", "'1:30.5' is read as a number to the base 60"),
        ("a: 1e999", "1e999 is too large for a number"),
        (r'{"a": "\ud83d\ude00"}', "invalid Unicode character escape code"),
        ("%UNKNOWN\n---\na: 1", "unknown directive"),
    ],
    ids=range(25),
)
def test_anything_else_is_one_line(tmp_path, text, message):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    line = str(caught.value)
    assert line.startswith(("cannot parse ", "cannot read "))
    assert str(tmp_path / "spec.yaml") in line
    assert message in line
    assert "\n" not in line
    assert len(line) < 500


def test_files_that_cannot_be_read(tmp_path):
    with raises(SpecError, "no-file", naming="nowhere"):
        read_yaml(tmp_path / "nowhere")
    with raises(SpecError, "unreadable", naming="Is a directory"):
        read_yaml(tmp_path)
