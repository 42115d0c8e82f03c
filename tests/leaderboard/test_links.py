"""Addresses are safe in a path, differ where names do, and links are relative."""

from hypothesis import given
from hypothesis import strategies as st

from icl_bench.leaderboard.links import relative, slugs


def test_common_names_stay_readable():
    assert slugs(["reference/llama", "baseline/two_layer_nn", "user/model-1.5b"]) == {
        "reference/llama": "reference__llama",
        "baseline/two_layer_nn": "baseline__two_layer_nn",
        "user/model-1.5b": "user__model-1.5b",
    }


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=8))
def test_any_names_get_safe_slugs_of_their_own(names):
    by_name = slugs(names)
    assert len({slug.lower() for slug in by_name.values()}) == len(names)
    for slug in by_name.values():
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        assert not slug.startswith(".")
        assert 0 < len(slug) <= 100


def test_names_that_differ_in_capitals_alone_are_kept_apart():
    first, other = slugs(["user/Model", "user/model"]).values()
    assert first != other
    assert "index" not in slugs(["index"]).values()


def test_links_lead_from_any_page_to_any_file():
    assert relative("assets/site.css", "index.html") == "assets/site.css"
    assert relative("assets/site.css", "mini-v1/models/a.html") == "../../assets/site.css"
    assert relative("mini-v1/models/b.html", "mini-v1/models/a.html") == "b.html"
    assert relative("method.html#score", "mini-v1/tasks/a.html") == "../../method.html#score"
    assert relative("method.html#score", "method.html") == "#score"
    assert relative("index.html", "index.html") == "index.html"
