"""Architecture diagrams: what the spec says is in the picture, whatever the spec."""

import copy
import re
from typing import Any, Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_reading import HOSTILE, SVG, inside, read_inert, texts

from icl_bench.leaderboard.pictures import draw_architecture
from icl_bench.leaderboard.pictures.architecture import MOST_GROUPS, MOST_SUBLAYERS, allot
from icl_bench.resources import data_folder
from icl_bench.specs.architecture import (
    ArchitectureSpec,
    BlockSpec,
    Layer,
    NormSpec,
    Sublayer,
    load_architecture,
    parse_architecture,
)

SPECS = sorted((data_folder("submissions") / "reference" / "specs").glob("*/*.yaml"))
NAMES = {"attention": "Attention", "gelu_mlp": "GELU MLP", "swiglu": "SwiGLU", "mamba": "Mamba"}
MODULES: list[dict[str, Any]] = [
    {"type": "attention", "heads": 4, "positions": "rope", "bias": False},
    {"type": "gelu_mlp", "hidden": 48},
    {"type": "swiglu", "hidden": 96},
    {"type": "mamba", "expand": 2, "state": 16, "conv": 4},
]
ATTENTION, GELU, SWIGLU, MAMBA = MODULES


def sublayers(*modules: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"norm": "rmsnorm", "module": module} for module in modules]


def a_spec(**changes: Any) -> ArchitectureSpec:
    layers = [{"repeat": 2, "sublayers": sublayers(ATTENTION, SWIGLU)}]
    spec = {"schema": 1, "name": "small", "width": 32, "positions": "none", "stem": [], "layers": layers}
    return parse_architecture({**copy.deepcopy(spec), "final_norm": "rmsnorm", **changes}, "spec")


def sums(svg: ElementTree.Element) -> list[float]:
    """Heights of the ⊕."""
    return [float(element.get("cy")) for element in svg.iter(f"{SVG}circle") if element.get("fill") == "none"]


def ways_around(svg: ElementTree.Element) -> list[tuple[float, float]]:
    """Where the residual lines leave the stream, and where they come back to it."""
    paths = [path.get("d") for path in svg.iter(f"{SVG}path") if "q-7,0" in path.get("d")]
    return [
        (float(re.match(r"M[\d.]+,([\d.]+)", path)[1]), float(re.search(r"V([\d.]+)", path)[1]) + 7)
        for path in paths
    ]


def height(svg: ElementTree.Element) -> float:
    return float(svg.get("height"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_reference_is_drawn_whole(path):
    spec = load_architecture(path)
    svg = read_inert(draw_architecture(spec))
    shown = texts(svg)
    assert spec.name in shown
    assert f"width {spec.width:,}, {len(spec.expanded())} sublayers" in shown
    assert [text for text in shown if text.startswith("×")] == [f"×{group.repeat}" for group in spec.layers]
    drawn = spec.stem + [sublayer for group in spec.layers for sublayer in group.sublayers]
    names = [text for text in shown if text in NAMES.values()]
    assert names == [NAMES[sublayer.module.type] for sublayer in drawn]
    assert shown.count("RoPE") == sum(getattr(s.module, "positions", None) == "rope" for s in drawn)
    assert ("stem" in shown) == bool(spec.stem)
    assert ("Learned positions" in shown) == (spec.positions != "none")
    assert not [text for text in shown if "more" in text]
    assert height(svg) <= 640
    assert inside(svg)


def test_the_references_of_both_suites_are_among_them():
    named = {(path.parent.name, path.name.split(".")[0]) for path in SPECS}
    assert len([name for suite, name in named if suite in ("mini-v1", "paper-v1")]) == 24


def test_modules_tell_their_sizes():
    stem = sublayers(GELU, MAMBA, {**ATTENTION, "bias": True, "positions": "none"})
    shown = texts(read_inert(draw_architecture(a_spec(stem=stem))))
    for label in (
        "hidden 48",
        "expand 2 · state 16 · conv 4",
        "heads 4 · bias",
        "heads 4 · no bias",
        "hidden 96",
    ):
        assert shown.count(label) == 1
    assert shown.count("RoPE") == 1
    assert shown.count("RMSNorm") == 5
    assert shown.count("Final RMSNorm") == 1


def test_learned_positions_are_added_before_the_first_sublayer():
    without = read_inert(draw_architecture(a_spec()))
    learned = read_inert(draw_architecture(a_spec(positions={"type": "learned", "max_tokens": 1_000})))
    assert "1,000 tokens" in texts(learned)
    assert len(sums(learned)) == len(sums(without)) + 1
    assert min(sums(learned)) < min(start for start, _ in ways_around(learned))


def test_each_sublayer_has_a_line_around_it_to_its_sum():
    svg = read_inert(draw_architecture(a_spec(stem=sublayers(MAMBA, MAMBA))))
    assert [end for _, end in ways_around(svg)] == pytest.approx(sums(svg), abs=0.11)
    places = [place for way in ways_around(svg) for place in way]
    assert len(places) == 8
    assert places == sorted(places)


def test_block_types_differ_without_colour_and_words():
    pictures = set()
    for module in MODULES:
        svg = read_inert(draw_architecture(a_spec(layers=[{"repeat": 1, "sublayers": sublayers(module)}])))
        (box,) = [element for element in svg.iter(f"{SVG}g") if element.find(f"{SVG}title") is not None]
        pictures.add(tuple(path.get("d") for path in box.findall(f"{SVG}path")))
    assert len(pictures) == len(MODULES)
    assert () not in pictures


class LinearAttentionSpec(BlockSpec):
    """A block that no picture knows yet."""

    type: Literal["linear_attention_of_the_future"] = "linear_attention_of_the_future"
    feature_maps: int = 4_096
    heads: int = 8
    window: int = 65_536
    decay: float = 0.5
    gated: bool = True

    def parameters(self, width: int) -> int:
        return width * self.feature_maps


def test_an_unknown_block_shows_its_name_and_numbers():
    unknown = Sublayer.model_construct(
        norm=NormSpec(type="rmsnorm", epsilon=1e-6), module=LinearAttentionSpec()
    )
    spec = a_spec().model_copy(update={"layers": [Layer.model_construct(repeat=3, sublayers=[unknown])]})
    svg = read_inert(draw_architecture(spec))
    shown = texts(svg)
    assert [text for text in shown if text.startswith("linear_attention")]
    assert (
        " · ".join(text for text in shown if text.startswith(("feature", "heads", "window", "gated")))
        == "feature maps 4,096 · heads 8 · window 65,536 · gated"
    )
    assert [rect for rect in svg.iter(f"{SVG}rect") if rect.get("stroke-dasharray")]


def test_a_long_spec_shows_its_beginning_and_tells_the_rest():
    groups = [{"repeat": 3, "sublayers": sublayers(ATTENTION, *[MAMBA] * 9)}]
    groups += [{"repeat": 2, "sublayers": sublayers(GELU)}] * 9
    svg = read_inert(draw_architecture(a_spec(layers=groups)))
    shown = texts(svg)
    assert "… and 5 more: 5 Mamba" in shown
    assert f"… and {10 - MOST_GROUPS} more groups (12 sublayers)" in shown
    assert len(sums(svg)) == MOST_SUBLAYERS
    assert [text for text in shown if text.startswith("×")] == ["×3", "×2", "×2", "×2"]
    assert inside(svg)


def loops_back(svg: ElementTree.Element) -> list[tuple[float, float]]:
    """Where the lines of looped groups leave the stream, and how far up they come back to it."""
    paths = [path.get("d") for path in svg.iter(f"{SVG}path") if "q7,0 7,-7" in path.get("d")]
    return [
        (float(re.match(r"M[\d.]+,([\d.]+)", path)[1]), float(re.search(r"V([\d.]+)", path)[1]) - 7)
        for path in paths
    ]


def test_a_looped_group_has_a_line_from_its_end_to_its_beginning():
    group = {"repeat": 2, "sublayers": sublayers(ATTENTION, SWIGLU)}
    plain = read_inert(draw_architecture(a_spec(stem=sublayers(MAMBA), layers=[group])))
    for inject in (False, True):
        layers = [{**group, "loop": 4, "inject": inject}]
        svg = read_inert(draw_architecture(a_spec(stem=sublayers(MAMBA), layers=layers)))
        shown = texts(svg)
        assert "×2" in shown
        assert "4 loops, shared weights" in shown
        assert "width 32, 5 sublayers, 17 applied" in shown
        ((end, start),) = loops_back(svg)
        first, second, third = ways_around(svg)  # the first is the stem's
        assert first[1] < start < second[0] < third[1] < end
        added = [y for y in sums(svg) if y == pytest.approx(start, abs=0.11)]
        assert len(added) == inject
        assert ("input added in each loop" in shown) == inject
        assert len(sums(svg)) == len(sums(plain)) + inject
        assert inside(svg)
    assert loops_back(plain) == []


def test_a_group_that_may_be_looped_further_is_drawn_as_looped():
    layers = [{"inject": True, "sublayers": sublayers(GELU)}, {"sublayers": sublayers(GELU)}]
    svg = read_inert(draw_architecture(a_spec(layers=layers)))
    assert "1 loop, shared weights" in texts(svg)
    assert len(loops_back(svg)) == 1


def test_loops_are_said_to_those_who_do_not_see_them():
    group = {"repeat": 2, "loop": 4, "sublayers": sublayers(GELU)}
    svg = read_inert(draw_architecture(a_spec(layers=[group, {**group, "loop": 1, "inject": True}])))
    gelu = "2 times RMSNorm and GELU MLP (hidden 48), the whole looped"
    assert f"; {gelu} 4 times with the same weights; " in svg[1].text
    assert f"; {gelu} 1 time with the same weights, its input added before each; " in svg[1].text


def test_every_part_has_its_share_of_what_is_drawn():
    assert allot([1, 64], 8) == [1, 7]
    assert allot([64, 64, 1], 8) == [4, 3, 1]
    assert allot([1, 2], 8) == [1, 2]
    assert allot([5] * 5, 8) == [2, 2, 2, 1, 1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(name):
    read_inert(draw_architecture(a_spec().model_copy(update={"name": name})))


def test_the_same_spec_is_the_same_bytes():
    assert draw_architecture(a_spec()) == draw_architecture(a_spec())


def test_it_says_what_it_is_to_those_who_do_not_see_it():
    svg = read_inert(draw_architecture(a_spec(stem=sublayers(MAMBA))))
    assert svg[0].text == "Architecture of small"
    assert "a stem of RMSNorm and Mamba (expand 2, state 16, conv 4)" in svg[1].text
    attention = "RMSNorm and Attention (RoPE, heads 4, no bias)"
    assert f"2 times {attention}, RMSNorm and SwiGLU (hidden 96)" in svg[1].text


SUBLAYERS = st.fixed_dictionaries(
    {"norm": st.sampled_from(["layernorm", "rmsnorm"]), "module": st.sampled_from(MODULES)}
)
GROUPS = {"sublayers": st.lists(SUBLAYERS, min_size=1, max_size=64)}
LAYERS = st.one_of(
    st.fixed_dictionaries({"repeat": st.integers(1, 4)} | GROUPS),
    st.fixed_dictionaries({"loop": st.integers(1, 4), "inject": st.booleans()} | GROUPS),
)


@settings(max_examples=25, deadline=None)
@given(
    stem=st.lists(SUBLAYERS, max_size=64),
    layers=st.lists(LAYERS, min_size=1, max_size=7),
    positions=st.sampled_from(["none", {"type": "learned", "max_tokens": 65_536}]),
)
def test_any_valid_spec_is_drawn_within_bounds(stem, layers, positions):
    text = draw_architecture(a_spec(stem=stem, layers=layers, positions=positions))
    svg = read_inert(text)
    assert inside(svg)
    assert height(svg) < 1_500 + 62 * len(loops_back(svg))  # the lines back of loops need so much
    assert len(ways_around(svg)) <= MOST_SUBLAYERS
    assert len(text) < 30_000
