"""How a module looks in an architecture diagram: a name, its sizes, a colour and a pictogram.

The pictograms distinguish the types without colour. A type without one of its own gets a plain one.
"""

from dataclasses import dataclass

from icl_bench.specs.architecture import NORM_EPSILONS, BlockSpec, NormSpec

_WIDER_NARROWER = "M0,8.5L{0},1V23L0,15.5zM24,8.5L{1},1V23L24,15.5z"  # the two maps of a feed-forward block
_TRIANGLE = "".join(f"M{6 * j},{6 * i + 0.5}h5v5h-5z" for i in range(4) for j in range(i + 1))
_DISC = "a3.2,3.2 0 1,0 6.4,0a3.2,3.2 0 1,0 -6.4,0z"

_NORMS = {"layernorm": "LayerNorm", "rmsnorm": "RMSNorm"}


@dataclass(frozen=True)
class Looks:
    """A type of module in the diagram; both paths lie in a square of 24 pixels."""

    name: str
    colour: str  # a key of charts.styles.COLOURS
    filled: str = ""
    lines: str = ""
    dashes: str = ""  # of the border


_LOOKS = {
    "attention": Looks("Attention", "1", filled=_TRIANGLE),  # each token sees itself and those before it
    "gelu_mlp": Looks("GELU MLP", "3", filled=_WIDER_NARROWER.format(10.5, 13.5)),
    "swiglu": Looks(  # a product with a gate between them
        "SwiGLU", "5", lines=_WIDER_NARROWER.format(7, 17) + "M9.8,9.8l4.4,4.4M9.8,14.2l4.4,-4.4"
    ),
    "mamba": Looks(  # a state handed on from token to token
        "Mamba",
        "4",
        filled=f"M0,17{_DISC}M8.8,17{_DISC}M17.6,17{_DISC}",
        lines="M3.2,11C4,2 11.2,2 12,11M12,11C12.8,2 20,2 20.8,11",
    ),
}


def looks(module: BlockSpec) -> Looks:
    """The looks of a module; a new type shows its name as in the spec and a dashed border."""
    generic = Looks(module.type, "muted", lines="M3,3H21V21H3zM8,12h0.1M12,12h0.1M16,12h0.1", dashes="5 2.5")
    return _LOOKS.get(module.type, generic)


def norm_name(norm: NormSpec) -> str:
    """A norm as papers write it, with its epsilon where that is not the usual one."""
    usual = norm.epsilon == NORM_EPSILONS[norm.type]
    return _NORMS[norm.type] if usual else f"{_NORMS[norm.type]} (ε {norm.epsilon:g})"


def sizes(module: BlockSpec) -> list[str]:
    """The whole numbers and switches of a module: `state 16`, `bias`, `no bias`; none that may be left out
    and is 0 or off."""
    words = []
    for field, known in type(module).model_fields.items():
        value = getattr(module, field)
        if not known.is_required() and not value:
            continue
        if isinstance(value, bool):
            words.append(field if value else f"no {field}")
        elif isinstance(value, int):
            words.append(f"{field} {value:,}")
    return [text.replace("_", " ") for text in words]


def has_rope(module: BlockSpec) -> bool:
    """Whether a module rotates by position (RoPE, Su et al. 2021, arXiv 2104.09864)."""
    return getattr(module, "positions", None) == "rope"
