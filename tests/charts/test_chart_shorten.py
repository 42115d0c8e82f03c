"""Names are cut where they do not differ, so that those beside each other stay distinct."""

import pytest

from icl_bench.charts.shorten import shortened_apart
from icl_bench.charts.text import text_width

LONG = "with-a-name-as-long-as-a-hub-allows"


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ([f"someone/{LONG}-seed-1", f"someone/{LONG}-seed-2"], ["seed-1", "seed-2"]),
        ([f"alpha/{LONG}", f"beta/{LONG}"], ["alpha/", "beta/"]),
        ([f"someone/lr-0.001-{LONG}", f"someone/lr-0.003-{LONG}"], ["lr-0.001", "lr-0.003"]),
        ([f"{LONG}-{LONG}/seed-0/{LONG}", f"{LONG}-{LONG}/seed-1/{LONG}"], ["/seed-0/", "/seed-1/"]),
        ([f"{'x' * 500}1", f"{'x' * 500}2"], ["1", "2"]),
    ],
)
def test_what_differs_is_kept_and_the_rest_is_cut(names: list[str], kept: list[str]) -> None:
    shown = shortened_apart([*names, "ridge"], 190, 12)
    assert shown[-1] == "ridge"
    for text, name, part in zip(shown, names, kept, strict=False):
        assert part in text
        assert "…" in text
        assert text_width(text, 12) <= 190
        assert all(piece in name for piece in text.split("…"))


def test_a_name_alone_is_cut_in_its_middle() -> None:
    (shown,) = shortened_apart([f"someone/{LONG}-{LONG}-seed-1"], 190, 12)
    head, tail = shown.split("…")
    assert (head[:7], tail[-6:]) == ("someone", "seed-1")
    assert abs(len(head) - len(tail)) <= 2


def test_those_that_nothing_tells_apart_in_the_room_are_numbered() -> None:
    first, second = shortened_apart(["W" * 40, "W" * 41], 190, 12)
    assert (first[-4:], second[-4:]) == (" (1)", " (2)")


def test_a_name_without_room_is_an_ellipsis() -> None:
    assert shortened_apart(["abc"], 1, 12) == ["…"]
