"""Numbers as pages tell them."""

from icl_bench.specs.result import Estimate

MINUS = "\N{MINUS SIGN}"
NONE = "–"
_HEAT = 10  # shades of a cell


def score(value: float | None) -> str:
    """Three digits after the point; what rounds to 0 has no sign."""
    return NONE if value is None else f"{value:z.3f}".replace("-", MINUS)


def interval(estimate: Estimate) -> str:
    """`0.961 to 0.967`, empty where there is none."""
    if estimate.low is None:
        return ""
    return f"{score(estimate.low)} to {score(estimate.high)}"


def signed(value: float | None) -> str:
    """A difference, with its sign."""
    return NONE if value is None else f"{value:+z.3f}".replace("-", MINUS).replace("+0.000", "0.000")


def count(value: int) -> str:
    """A whole number in full."""
    return f"{value:,}"


def short(value: float | int) -> str:
    """Three digits and a unit: 201857 is `202k`."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= 0.9995 * size:
            return f"{value / size:#.3g}".rstrip(".") + unit
    return f"{value:.0f}"


def heat(value: float | None) -> int:
    """The shade of a cell, from 0 at a score of 0 and below to 10 at 1 and above."""
    return 0 if value is None else round(min(max(value, 0.0), 1.0) * _HEAT)


def digits(value: float | int) -> str:
    """An error, in four digits."""
    return f"{value:.4g}".replace("-", MINUS)


def hash_head(value: str) -> str:
    """Enough of a hash to tell it from others."""
    return value[:12]
