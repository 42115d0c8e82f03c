"""What an architecture costs on a task, counted from its spec: nothing is built and nothing is measured."""

import re
from dataclasses import dataclass

from icl_bench.specs.architecture import BLOCKS, NORM_EPSILONS, ArchitectureSpec, BlockSpec
from icl_bench.specs.suite import TaskSpec


@dataclass(frozen=True)
class Account:
    """Numbers for one prompt of one task."""

    tokens: int  # that it reads
    fits: bool  # whether the architecture has a position for each of them
    least_tokens: int  # of a prompt that it can be trained on: its longest chunk or window
    parameters: int  # those that the prompt reads
    state_fixed: int  # numbers carried from token to token, whatever the length
    state_per_token: int  # numbers that each token adds to what is carried (keys and values)
    state: int  # numbers that are carried at the prompt's last token
    flops: int  # of one forward pass; a multiply-add counts as 2, element-wise work is left out


def account(spec: ArchitectureSpec, task: TaskSpec) -> Account:
    """What a prompt of `task` costs."""
    d, k, tokens = task.function_class.d, task.function_class.k, task.tokens
    longest = spec.max_tokens()
    return Account(
        tokens=tokens,
        fits=longest is None or tokens <= longest,
        least_tokens=spec.least_tokens(),
        parameters=spec.parameters(d, k, tokens),
        state_fixed=spec.state_fixed(),
        state_per_token=spec.state_per_token(),
        state=spec.carried(tokens),
        flops=spec.flops(d, k, tokens),
    )


def components(spec: ArchitectureSpec) -> dict[str, str | int]:
    """What an architecture is made of: positions, the blocks of its stack, norm and sizes.

    `layers` have weights of their own; one that is looped counts once.
    """
    stack = [_name(sublayer.module) for layer in spec.layers for sublayer in layer.sublayers]
    return {
        "positions": _positions(spec),
        "blocks": ", ".join(dict.fromkeys(stack)),
        "norm": spec.final_norm.type,
        "width": spec.width,
        "layers": sum(layer.repeat for layer in spec.layers),
    }


def _name(block: BlockSpec) -> str:
    """Its type, or what its keys make of it: `windowed_attention`."""
    return block.type if block.called() == block.label else block.called().replace(" ", "_")


@dataclass(frozen=True)
class Parts:
    """The components of an architecture in words, by kind; blocks of one kind are joined by ` + `."""

    mixer: str  # the blocks that carry something from token to token, after `looped` where layers are
    positions: str
    feed_forward: str  # the blocks that work on each token alone
    norm: str


_NORMS = {"rmsnorm": "RMSNorm", "layernorm": "LayerNorm"}


def parts_of(spec: ArchitectureSpec) -> Parts:
    """The components, as `attention + Mamba`, `RoPE`, `no feed-forward`, `RMSNorm`."""
    known, width = components(spec), spec.width
    modules = {sublayer.module.called(): sublayer.module for sublayer in spec.built()}
    carries = {
        name: bool(module.state_fixed(width) or module.state_per_token(width))
        for name, module in modules.items()
    }
    mixers, others = (
        [name for name, mixes in carries.items() if mixes is wanted] for wanted in (True, False)
    )
    mixer = " + ".join(sorted(mixers, key=str.lower)) or "no mixer"
    labels = {module.type: module.label for module in modules.values()}
    positions = str(known["positions"])
    return Parts(
        mixer=f"looped {mixer}" if spec.looped else mixer,
        positions=_POSITIONS.get(positions)
        or re.sub(r"\w+", lambda word: labels.get(word[0], word[0]), positions),
        feed_forward=" + ".join(others) or "no feed-forward",
        norm=_NORMS.get(str(known["norm"]), str(known["norm"])),
    )


_POSITIONS = {"rope": "RoPE", "learned": "learned positions", "none": "no positions"}


def made_of(spec: ArchitectureSpec) -> str:
    """The components in one line, to stand beside a name that may say otherwise: positions, then the blocks
    of the stack (mixer, feed-forward), then the norm, as `RoPE · attention · swiglu · rmsnorm`, and at the
    end the loops, as `12 loops`."""
    parts = components(spec)
    positions = _POSITIONS.get(str(parts["positions"]), f"no positions, {parts['positions']}")
    loops = loops_of(spec)
    looped = [f"{' and '.join(map(str, loops))} loop{'s' * (loops[-1] > 1)}"] if loops else []
    return " · ".join([positions, *str(parts["blocks"]).split(", "), str(parts["norm"]), *looped])


def loops_of(spec: ArchitectureSpec) -> list[int]:
    """How often looped layers are applied, ascending and each number once; empty where none is looped."""
    return sorted({layer.loop for layer in spec.layers if layer.looped})


def named_otherwise(name: str, spec: ArchitectureSpec) -> bool:
    """Whether a name has the word of a component that the architecture lacks, as `llama-rope-swigluless`, and
    not as a part of one that it has, as `linear-attention`."""
    sublayers = spec.built()
    norms = {spec.final_norm.type, *(sublayer.norm.type for sublayer in sublayers)}
    held = norms | {sublayer.module.type for sublayer in sublayers}
    if components(spec)["positions"] == "rope":
        held |= {"rope"}
    words = "_".join(re.split(r"[^a-z0-9]+", name.lower()))
    for component in sorted(held, key=len, reverse=True):
        words = words.replace(component, "")
    return bool(set(words.split("_")) & {"rope", *BLOCKS.entries(), *NORM_EPSILONS})


def _positions(spec: ArchitectureSpec) -> str:
    rope = any(getattr(sublayer.module, "positions", "none") == "rope" for sublayer in spec.built())
    if rope:
        return "rope"
    if spec.stem:
        return f"{', '.join(sublayer.module.type for sublayer in spec.stem)} first"
    return "none" if spec.max_tokens() is None else "learned"
