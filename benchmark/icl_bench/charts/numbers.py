"""Numbers as a reader meets them on an axis, in a label or on hover."""

from math import floor, log10

from icl_bench.charts.series import Number

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = (1e-3, 1e6)  # outside of them, powers of ten


def format_number(value: Number) -> str:
    """Four digits: 0.01234, 12,345 or 1.234×10⁻¹³."""
    size = abs(value)
    if size and not _PLAIN[0] / 10 <= size < _PLAIN[1]:
        return _scientific(value, 3)
    return _with_minus(f"{value:,.0f}" if size >= 1_000 else f"{value:.4g}")


def tick_text(value: Number, step: Number) -> str:
    """A tick's number, with the decimals that ticks at this distance need: 0.5, 20,000, 10⁻⁶."""
    if not value:
        return "0"
    if not (step >= _PLAIN[0] and abs(value) < _PLAIN[1]):
        return _scientific(value, max(0, floor(log10(abs(value))) - floor(log10(step))))
    decimals = max(0, -floor(log10(step) + 1e-9))
    return _with_minus(f"{value:,.{decimals}f}")


def _scientific(value: Number, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return power if mantissa == "1" else _with_minus(f"{mantissa}×{power}")


def _with_minus(text: str) -> str:
    return text.replace("-", "−")
