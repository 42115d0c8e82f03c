"""An architecture in words: what its diagram says to those who do not see it, and what it leaves out."""

from collections import Counter
from collections.abc import Sequence

from icl_bench.leaderboard.pictures.modules import has_rope, looks, norm_name, sizes
from icl_bench.specs.architecture import ArchitectureSpec, Layer, LearnedPositions, Sublayer


def describe(spec: ArchitectureSpec, shown: Sequence[int]) -> str:
    """The diagram in words; `shown` is how many sublayers of the stem and of each drawn group it has."""
    parts = [f"A linear read-in to width {spec.width:,}"]
    if isinstance(spec.positions, LearnedPositions):
        parts.append(f"learned positions for {spec.positions.max_tokens:,} tokens")
    if spec.stem:
        parts.append(f"a stem of {_in_words(spec.stem, shown[0])}")
    drawn = spec.layers[: len(shown) - 1]
    for group, count in zip(drawn, shown[1:], strict=True):
        parts.append(f"{group.repeat} times {_in_words(group.sublayers, count)}{_loops(group)}")
    if more := more_groups(spec.layers[len(drawn) :]):
        parts.append(more)
    parts.append(f"a final {norm_name(spec.final_norm)} and a linear read-out")
    return "; ".join(parts) + ". Each sublayer adds its module's output of the normed stream to the stream."


def more_sublayers(left_out: Sequence[Sublayer]) -> str:
    """What is not drawn of a group: `… and 5 more: 3 Mamba, 2 SwiGLU`; empty where all of it is."""
    if not left_out:
        return ""
    counts = Counter(looks(sublayer.module).name for sublayer in left_out).most_common()
    names = ", ".join(f"{count}\xa0{name}".replace(" ", "\xa0") for name, count in counts[:4])
    return f"… and {len(left_out)} more: {names}{', …' if len(counts) > 4 else ''}"


def more_groups(left_out: Sequence[Layer]) -> str:
    """What is not drawn of the groups: `… and 2 more groups (40 sublayers)`; empty where all are."""
    if not left_out:
        return ""
    depth = sum(group.repeat * len(group.sublayers) for group in left_out)
    plural = "s" * (len(left_out) > 1), "s" * (depth > 1)
    return f"… and {len(left_out)} more group{plural[0]} ({depth:,} sublayer{plural[1]})"


def _loops(group: Layer) -> str:
    """How often the whole of a group is applied; empty where it is not looped."""
    if not group.looped:
        return ""
    added = ", its input added before each" if group.inject else ""
    return f", the whole looped {group.loop} time{'s' * (group.loop > 1)} with the same weights{added}"


def _in_words(sublayers: Sequence[Sublayer], shown: int) -> str:
    parts = [_sublayer(sublayer) for sublayer in sublayers[:shown]]
    rest = more_sublayers(sublayers[shown:])
    return ", ".join([*parts, rest] if rest else parts)


def _sublayer(sublayer: Sublayer) -> str:
    module = sublayer.module
    details = ["RoPE"] * has_rope(module) + sizes(module)
    parts = f" ({', '.join(details)})" if details else ""
    skip = "" if sublayer.skip == 1 else f", added to {sublayer.skip:g} times the stream"
    return f"{norm_name(sublayer.norm)} and {looks(module).name}{parts}{skip}"
