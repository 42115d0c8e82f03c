"""Progress away from a terminal: plain lines, few of them, with the time that is left."""

import pytest

from icl_bench import progress as module


def test_lines_tell_the_rest_and_count_from_where_the_work_was_resumed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 20.0, 21.0, 40.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with module.progress("work", 100, start=60) as advance:
        advance(65)  # too soon for a line
        advance(80, "loss 1")
        advance(100)
        advance(100)  # reported once
    assert capsys.readouterr().err.splitlines() == [
        "work: 80/100, about 20 s left  loss 1",
        "work: 100/100",
    ]


def test_minor_work_leaves_lines_only_where_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 4.0, 9.0, 0.0, 4.0, 12.0, 13.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    for label, steps in (("short", (50, 100)), ("long", (30, 60, 100))):
        with module.progress(label, 100, minor=True) as advance:
            for done in steps:
                advance(done)
    assert capsys.readouterr().err.splitlines() == ["long: 60/100, about 8 s left", "long: 100/100"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with module.progress("work", 1, quiet=True) as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")
