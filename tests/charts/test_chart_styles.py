"""Series can be distinguished without colour, and with it by everyone."""

import itertools

import pytest
from raising import raises

from icl_bench.charts import Series, stylesheet
from icl_bench.charts.series import ROLES
from icl_bench.charts.styles import COLOURS, choose_styles
from icl_bench.errors import InputError

# how protanopia, deuteranopia and tritanopia change linear RGB: Machado, Oliveira and Fernandes 2009,
# "A physiologically-based model for simulation of color vision deficiency", severity 1
VISION = {
    "common": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.0520)),
    "deuteranopia": ((0.3673, 0.8606, -0.2280), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "tritanopia": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}
NUMBERED = [name for name in COLOURS if name.isdigit()]


def series(*roles: str, **settings: object) -> list[Series]:
    return [Series(f"s{k}", [0], [1], role, **settings) for k, role in enumerate(roles)]


def linear_rgb(colour: str) -> list[float]:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(rgb: list[float]) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """CIE L*a*b* under D65."""
    x = (0.4125 * rgb[0] + 0.3576 * rgb[1] + 0.1804 * rgb[2]) / 0.9505
    z = (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9503 * rgb[2]) / 1.0888
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, luminance(rgb), z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_no_two_series_share_dashes_marker_and_width():
    roles = ["exact"] * 4 + ["baseline"] * 4 + ["zero"] * 4 + ["model"] * 12 + ["other"] * 40
    styles = choose_styles(series(*roles))
    looks = {(style.dashes, style.marker, style.width) for style in styles}
    assert len(looks) == len(styles)
    assert len({style.marker for style in styles[-40:-32]}) == 8  # neighbours differ in more than one way


def test_the_roles_have_their_weight():
    exact, baseline, model, other, zero = choose_styles(series("exact", "baseline", "model", "other", "zero"))
    assert exact.width > baseline.width > model.width > zero.width
    assert model.width > other.width
    assert (exact.dashes, exact.colour, baseline.colour) == ("", "ink", "ink")
    dot, gap = map(float, zero.dashes.split())
    assert dot <= zero.width < gap
    assert len(ROLES) == 5


def test_a_style_that_is_asked_for_is_given_once():
    free = series(*["other"] * 4)
    asked = [Series(name, [0], [1], style=3) for name in ("asked", "asked too")]
    fourth = choose_styles(free)[3]
    *styles, first, second = choose_styles([*free, *asked])
    assert first == fourth
    assert fourth not in (*styles, second)
    assert styles[:3] == choose_styles(free)[:3]


def test_too_many_series_are_refused():
    with raises(InputError, "too-many-series", naming=(12, "'model'")):
        choose_styles(series(*["model"] * 13))


@pytest.mark.parametrize("theme", [0, 1])
def test_every_colour_can_be_read_as_text(theme):
    surface = luminance(linear_rgb(COLOURS["surface"][theme]))
    for name in (*NUMBERED, "ink", "muted"):
        low, high = sorted((surface, luminance(linear_rgb(COLOURS[name][theme]))))
        assert (high + 0.05) / (low + 0.05) >= 4.5, name  # WCAG 2.2, criterion 1.4.3


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("vision", VISION)
def test_colours_are_distinguishable_with_any_colour_vision(theme, vision):
    seen = {}
    for name in (*NUMBERED, "ink"):
        rgb = linear_rgb(COLOURS[name][theme])
        mixed = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in VISION[vision]]
        seen[name] = lab([max(0.0, part) for part in mixed])
    for first, other in itertools.combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[first], seen[other], strict=True)) ** 0.5
        assert distance > 12, (first, other)


def test_a_page_can_set_every_colour_and_dark_has_its_own():
    light, dark = stylesheet().split("@media (prefers-color-scheme:dark)")
    for name, (in_light, in_dark) in COLOURS.items():
        assert f".icl-chart .c-{name}{{color:var(--chart-{name},{in_light})}}" in light
        assert f".icl-chart .c-{name}{{color:var(--chart-{name},{in_dark})}}" in dark
