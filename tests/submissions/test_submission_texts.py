"""Whatever text a submission holds, in whichever place: it is fit to be shown, or refused in one line."""

import copy
from pathlib import Path
from typing import Any

import pytest
from submissions.submitted import OTHER, SPEC, faults, line_of, submission_value, write

from icl_bench.errors import SpecError
from icl_bench.specs.submission import folder_name, parse_submission
from icl_bench.specs.text import MAX_LINES, text_fault

MARKUP = "<script>alert(1)</script>"
UNFIT = {
    "markup": (MARKUP, "holds markup"),
    "image": ("a <img src=x onerror=alert(1)>", "holds markup"),
    "comment": ("a <!-- b", "holds markup"),
    "blank": ("a\u3164b", "U+3164 (HANGUL FILLER)"),
    "nothing": ("\u2800\u2800", "U+2800 (BRAILLE PATTERN BLANK)"),
    "bidi": ("abc\u202egpj.exe", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    "isolate": ("a\u2066b", "U+2066 (LEFT-TO-RIGHT ISOLATE)"),
    "terminal": ("red \x1b[31m", "U+001B"),
    "tab": ("a\tb", "U+0009"),
    "zero width": ("a\u200bb", "U+200B (ZERO WIDTH SPACE)"),
    "line separator": ("a\u2028b", "U+2028 (LINE SEPARATOR)"),
    "next line": ("a\x85b", "U+0085"),
    "private": ("a\ue000b", "U+E000"),
    "pile": ("Z" + "\u0308" * 5, "piles more than 4 marks"),
    "pile without a class": ("ก" + "\u0e47" * 5, "piles more than 4 marks"),
    "pile of circles": ("a" + "\u20dd" * 5, "piles more than 4 marks"),
    "selector": ("a\ufe0f", "U+FE0F (VARIATION SELECTOR-16)"),
    "hidden message": ("a\U000e0101", "U+E0101 (VARIATION SELECTOR-18)"),
    "joiner": ("\u034f", "U+034F (COMBINING GRAPHEME JOINER)"),
    "vowel": ("\u17b4", "U+17B4"),
    "null notehead": ("\U0001d159", "U+1D159"),
    "long": ("x" * 5_000, "has 5,000 characters"),
    "empty": ("  ", "is empty"),
}
TEXTS: dict[str, tuple[Any, ...]] = {
    "author": ("authors", 0),
    "training_data": ("training_data",),
    "description": ("description",),
    "reason": ("supersedes", "reason"),
}


def put(value: dict[str, Any], place: tuple[Any, ...], new: Any) -> dict[str, Any]:
    at: Any = value
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = new
    return value


@pytest.fixture
def root(tiny, tmp_path) -> Path:
    return tmp_path / "submissions"


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("kind", UNFIT)
def test_text_that_is_not_fit_to_be_shown_is_refused_in_every_field(root, field, kind):
    text, message = UNFIT[kind]
    value = submission_value(supersedes={"revision": "a1" * 20, "reason": "better"})
    folder = write(root, put(value, TEXTS[field], text))
    (line,) = [line for line in faults(folder) if "the text " in line]
    assert message in line
    assert f"submission.yaml:{line_of(folder, str(TEXTS[field][0]))}" in line or field in ("author", "reason")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt://a.example/%0aalert(1)",
        "data:text/html,x",
        "http://a.example",
        "https://user:secret@a.example/",
        "https://a.example@evil.example",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://git.corp.internal/x",
        "https://NAS.local",
        "https://router.lan?x",
        "https://a.home.arpa/",
        "https://a.localdomain/",
        "https://a.example:8080/",
        "https://аpple.example/",
        'https://a.example/" onmouseover="x',
        "https://a.example/<b>",
        "https://a.example\\@b.example",
        "https://a.example/a b",
        "https://a.example/\n",
        " https://a.example",
        "//a.example",
        "https://a.example/" + "x" * 300,
        "https://" + "a-" * 120 + ".example",
    ],
)
def test_links_are_plain_https_to_names_of_public_hosts(root, link):
    (message,) = faults(write(root, submission_value(links={"code": link})))
    assert "links.code: " in message
    assert "accepted" in message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("model", "is not the name of a model on the Hub; write user/model"),
        ("../../etc/passwd", "is not the name"),
        ("a/b/c", "is not the name"),
        ("a/..", "is not the name"),
        ("a/b\x1b[31m", "is not the name"),
        ("a/b\u202e", "is not the name"),
        ("-x/model", "is not the name"),
        ("reference/gpt2", "begins the names of models that come with icl-bench"),
        ("Baseline/knn", "begins the names"),
        ("a__b/c", "reads as another name"),
        ("a_/b", "reads as another name"),
        ("user/" + "m" * 100, "is not the name"),
    ],
)
def test_names_that_are_no_models_or_collide_with_others(root, model, message):
    folder = write(root, submission_value(model=model), "someone__model")
    assert any(message in line and line_of(folder, "model:") for line in faults(folder))


def test_no_two_names_have_one_folder():
    """`a__b/c` and `a/b__c` would: of names that share a folder one at most is valid."""
    names = ["a__b/c", "a/b__c", "a_/_b", "a/__b", "a/_b", "a_/b"]
    valid = [name for name in names if _is_valid(submission_value(model=name))]
    assert valid == ["a/b__c", "a/__b", "a/_b"]
    assert len({folder_name(name) for name in valid}) == len(valid)


def _is_valid(value: dict[str, Any]) -> bool:
    try:
        parse_submission(value, "")
    except SpecError:
        return False
    return True


def whole() -> dict[str, Any]:
    """A submission in which every field says something."""
    value = submission_value(
        suites=["tiny-v1"],
        specs={"linear_regression": SPEC | {"width": 16}},
        supersedes={"revision": [OTHER], "reason": "better"},
    )
    value["links"]["website"] = "https://model.example"
    value["runs"][0]["suite"] = "tiny-v1"
    return copy.deepcopy(value)


def texts(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a text in a value."""
    if isinstance(value, str):
        return [above]
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return [place for key, held in inner for place in texts(held, (*above, key))]


@pytest.mark.parametrize("kind", UNFIT)
def test_no_field_takes_it_whatever_the_field_is_for(root, kind):
    """Names, licences, hashes, links, types of blocks: a page or a log would show them too."""
    places = texts(whole())
    assert len(places) > 20
    expected = [line for line in faults(write(root, whole())) if "no results of revision" not in line]
    assert expected == []
    for place in places:
        messages = faults(write(root, put(whole(), place, UNFIT[kind][0])))
        assert [line for line in messages if "no results of revision" not in line], place


@pytest.mark.parametrize("kind", UNFIT)
def test_no_mapping_takes_it_as_a_key(root, kind):
    mappings = {place[:depth] for place in texts(whole()) for depth in range(len(place))}
    for place in sorted(mappings, key=str):
        value = whole()
        at: Any = value
        for key in place:
            at = at[key]
        if isinstance(at, dict):
            at[UNFIT[kind][0]] = "x"
            messages = faults(write(root, value))
            assert [line for line in messages if "no results of revision" not in line], place


def test_a_text_of_several_lines_is_no_wall():
    most = "\n".join(["x"] * MAX_LINES)
    assert text_fault(most, 2_000, lines=True) is None
    assert text_fault(f"{most}\n", 2_000, lines=True) is None  # as a block of YAML ends
    assert text_fault(f"{most}\nx", 2_000, lines=True) == "has more than 40 lines; shorten it"


@pytest.mark.parametrize(
    "text", ["Ana Ω", "李", "नमस्ते", "สวัสดี ครับ", "Z̈ürich", "שָׁלוֹם", "مرحبا", "Việt", "naïve α → β"]
)
def test_writing_of_any_language_is_fit(text):
    assert text_fault(text, 100) is None
