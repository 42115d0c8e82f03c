"""The first finding of a board: which models are best, and which cannot be excluded from being so."""

from dataclasses import replace

import pytest
from leaderboard.designed import designed_entries
from site_pages import small_site

from icl_bench.leaderboard.findings import cards

pytestmark = pytest.mark.slow


def test_a_board_of_places_names_those_that_share_the_first(rope_harms):
    best = cards(rope_harms.boards[0])[0]
    first = [
        model.name.removeprefix("reference/")
        for model in rope_harms.boards[0].data.models
        if model.place.number == 1
    ]
    assert best.title == ("No single winner" if len(first) > 1 else f"{first[0]} is first")
    assert first[0] in best.sentence


def test_models_without_a_place_do_not_hide_the_places_of_the_others():
    """Of a board of three runs a model one is cut to one run, as one that has just been trained."""
    entries = designed_entries({"gpt2": 0.5})
    complete = cards(small_site(entries).boards[0])[0]
    runs = {each.name: 1 if each.name.endswith("/llama") else 3 for each in entries}
    entries = [replace(each, records=each.records[: runs[each.name]]) for each in entries]
    board = small_site(entries).boards[0]
    best = cards(board)[0]
    assert (best.title, best.status) == (complete.title, "three seeds")
    assert "models with a place" in best.sentence
    assert "leads by the mean over graded tasks" in best.sentence
    by_name = {model.name: model for model in board.data.models}
    leading = max(by_name.values(), key=lambda model: model.graded.value)
    named = leading.name.removeprefix("reference/")
    assert (f"{named} (one seed) leads" in best.sentence) is (leading.place is None)


def test_a_board_without_places_says_why_and_what_cannot_be_told_apart(rope_helps):
    best = cards(rope_helps.boards[0])[0]
    assert best.title == "No complete ranking yet"
    assert best.sentence.startswith("None of 12 models has a place: all lack 3 training runs of some task.")
    assert best.status == "one seed"
