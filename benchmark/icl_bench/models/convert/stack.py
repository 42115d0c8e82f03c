"""What a format's file is taken apart into, put together as a spec and a state dict of ours."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from icl_bench.errors import CheckpointError
from icl_bench.models.convert.backbones import Backbone
from icl_bench.models.convert.modules import Converted, Module, Norm
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.architecture import NORM_EPSILONS, ArchitectureSpec, parse_architecture


@dataclass(frozen=True)
class Ends:
    """The linear maps around a backbone, each with `weight` and `bias`."""

    read_in: dict[str, Tensor]  # width × d
    read_out: dict[str, Tensor]  # k × width

    @property
    def width(self) -> int:
        """Of the residual stream."""
        return self.read_in["weight"].shape[0]


@dataclass(frozen=True)
class Stack:
    """A model from its prompts' tokens to its predictions, and what is known of its training."""

    source: str
    ends: Ends
    backbone: Backbone
    target_scale: float = 1.0
    recipe: dict[str, Any] = field(default_factory=dict)

    @property
    def positions(self) -> Tensor | None:
        """The learned ones (tokens × width)."""
        return self.backbone.positions

    @property
    def sublayers(self) -> list[Converted]:
        """In the order of computation."""
        return self.backbone.sublayers

    @property
    def d(self) -> int:
        """Coordinates of a token."""
        return self.ends.read_in["weight"].shape[1]

    @property
    def k(self) -> int:
        """Coordinates of a prediction."""
        return self.ends.read_out["weight"].shape[0]

    @property
    def epsilon_ratio(self) -> float | None:
        """Our usual epsilon of a norm / that of the original, None where it differs between norms."""
        norms = [*(sublayer.norm for sublayer in self.sublayers), self.backbone.final_norm]
        ratios = {NORM_EPSILONS[norm.name] / norm.epsilon for norm in norms}
        return ratios.pop() if len(ratios) == 1 else None


def take_ends(weights: Weights) -> Ends:
    """`_read_in` and `_read_out`, as the formats of training states call them."""
    ends = []
    for name in ("_read_in.", "_read_out."):
        part = weights.under(name)
        shape = part.shape("weight")
        if len(shape) != 2:
            raise CheckpointError(
                f"{weights.source}: {name}weight has shape {list(shape)}, not that of a matrix; "
                "convert the file that training saved",
                code="tensor-shape",
            )
        ends.append({"weight": part.take("weight", *shape), "bias": part.take("bias", shape[0])})
    read_in, read_out = ends
    if read_out["weight"].shape[1] != read_in["weight"].shape[0]:
        raise CheckpointError(
            f"{weights.source}: _read_in and _read_out are of other widths; give a whole file",
            code="tensor-shape",
        )
    return Ends(read_in, read_out)


def known_heads(weights: Weights, heads: int | None) -> int:
    """How many heads there are, which no tensor says; CheckpointError where nothing else does."""
    if heads is None:
        raise CheckpointError(
            f"{weights.source} does not say how many heads it has; put the run's config beside it, or "
            "give it by --config, or the architecture by --spec",
            code="incomplete-run",
        )
    return heads


def with_biases_of(stack: Stack, expected: ArchitectureSpec | None) -> Stack:
    """The same model with biases of zero in attention that has none and has them in the expected spec."""
    wanted = expected.expanded() if expected else []
    sublayers = list(stack.sublayers)
    for i, (sublayer, expected_sublayer) in enumerate(zip(sublayers, wanted, strict=False)):
        spec, tensors = sublayer.module.spec, sublayer.module.tensors
        if spec.get("bias") is False and getattr(expected_sublayer.module, "bias", False):
            zeros = {
                f"{name}.bias": tensors[f"{name}.weight"].new_zeros(len(tensors[f"{name}.weight"]))
                for name in ("qkv", "out")
            }
            sublayers[i] = replace(sublayer, module=Module(spec | {"bias": True}, tensors | zeros))
    return replace(stack, backbone=replace(stack.backbone, sublayers=sublayers))


def check_spec(stack: Stack, expected: ArchitectureSpec | None) -> ArchitectureSpec:
    """The stack's spec; CheckpointError where it is not the expected one.

    The number of positions, the epsilons of norms and the skips of sublayers are those of the stack.
    """
    positions = "none" if stack.positions is None else {"type": "learned", "max_tokens": len(stack.positions)}
    spec = parse_architecture(
        {
            "schema": 1,
            "name": expected.name if expected else stack.backbone.name,
            "width": stack.ends.width,
            "positions": positions,
            **_grouped([_sublayer_spec(sublayer, stack.epsilon_ratio) for sublayer in stack.sublayers]),
            "final_norm": _norm_spec(stack.backbone.final_norm, stack.epsilon_ratio),
        },
        stack.source,
    )
    if expected is None:
        return spec
    if expected.looped:
        raise CheckpointError(
            f"{stack.source}: {expected.name} has looped layers, which no format that is converted has; "
            "give the spec of this run",
            code="other-run-spec",
        )
    _check_expected(stack.source, spec, expected)
    same = spec.expanded() == expected.expanded() and spec.final_norm == expected.final_norm
    return expected.model_copy(update={"positions": spec.positions}) if same else spec


def _check_expected(source: str, spec: ArchitectureSpec, expected: ArchitectureSpec) -> None:
    _check_same(source, "width", spec.width, expected.width)
    _check_same(source, "final_norm", spec.final_norm.type, expected.final_norm.type)
    kinds = ["none" if variant.max_tokens() is None else "learned" for variant in (spec, expected)]
    _check_same(source, "positions", *kinds)
    sublayers = [
        [
            {"norm": sublayer.norm.type, "module": sublayer.module.model_dump()}
            for sublayer in variant.expanded()
        ]
        for variant in (spec, expected)
    ]
    _check_same(source, "the number of sublayers", *map(len, sublayers))
    for i, pair in enumerate(zip(*sublayers, strict=True)):
        _check_same(source, f"sublayer {i}", *pair)


def state_of(stack: Stack, spec: ArchitectureSpec) -> dict[str, Tensor]:
    """The stack's tensors by the names of `ICLModel` with that spec.

    Where the norms of the original add other epsilons than our usual ones, all in one proportion, the
    stream is scaled: with c² = ours / theirs, c · x / √(c² mean x² + ours) = x / √(mean x² + theirs).
    Epsilons in several proportions are written in the spec.
    """
    scale = math.sqrt(stack.epsilon_ratio or 1)
    state = {f"read_in.{name}": tensor * scale for name, tensor in stack.ends.read_in.items()}
    if stack.positions is not None:
        state["positions.weight"] = stack.positions * scale
    for place, sublayer in zip(_places(spec), stack.sublayers, strict=True):
        state |= {f"{place}.norm.{name}": tensor for name, tensor in sublayer.norm.tensors.items()}
        for name, tensor in sublayer.module.tensors.items():
            state[f"{place}.module.{name}"] = tensor * scale if name.startswith("out.") else tensor
    state |= {f"final_norm.{name}": tensor for name, tensor in stack.backbone.final_norm.tensors.items()}
    return state | {f"read_out.{name}": tensor for name, tensor in stack.ends.read_out.items()}


def _sublayer_spec(sublayer: Converted, epsilon_ratio: float | None) -> dict[str, Any]:
    norm = _norm_spec(sublayer.norm, epsilon_ratio)
    return {"norm": norm, "module": sublayer.module.spec, "skip": sublayer.skip}


def _norm_spec(norm: Norm, epsilon_ratio: float | None) -> Any:
    return {"type": norm.name, "epsilon": norm.epsilon} if epsilon_ratio is None else norm.name


def _places(spec: ArchitectureSpec) -> list[str]:
    """What `ICLModel` calls its sublayers, in the order of computation."""
    stem = [f"stem.{i}" for i in range(len(spec.stem))]
    layers = [layer for layer in spec.layers for _ in range(layer.repeat)]
    return stem + [f"layers.{i}.{j}" for i, layer in enumerate(layers) for j in range(len(layer.sublayers))]


def _grouped(sublayers: list[dict[str, Any]]) -> dict[str, Any]:
    """The `stem` and `layers` of a spec: the shortest stem after which a group repeats to the end."""
    for stem in range(len(sublayers) - 1):
        rest = sublayers[stem:]
        for period in range(1, len(rest) // 2 + 1):
            if len(rest) % period == 0 and rest == rest[:period] * (len(rest) // period):
                layer = {"repeat": len(rest) // period, "sublayers": rest[:period]}
                return {"stem": sublayers[:stem], "layers": [layer]}
    return {"stem": [], "layers": [{"repeat": 1, "sublayers": sublayers}]}


def _check_same(source: str, what: str, converted: Any, expected: Any) -> None:
    if converted != expected:
        raise CheckpointError(
            f"{source}: {what} is {converted} and the spec has {expected}; give the spec of this run",
            code="other-run-spec",
        )
