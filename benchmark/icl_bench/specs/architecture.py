"""The architecture spec: a closed, declarative grammar of sequence models, never code.

A spec is a stack of pre-norm sublayers between a linear read-in and a linear read-out. Each sublayer
computes `skip * h + module(norm(h))`; the residual belongs to the sublayer, once, and modules have none.
Keys at their defaults are left out of what is written, so that specs from before a key stay as they were.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_serializer, model_validator

from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.specs.names import SpecName
from icl_bench.specs.schema import Registry, Strict, parse, read_yaml

MAX_PARAMETERS = 2_000_000_000
MAX_SUBLAYERS = 2_048
MAX_STATE = 100_000_000  # numbers that are carried whatever the length: 400 MB a prompt
MAX_LOOPS = 256

NormName = Literal["layernorm", "rmsnorm"]
NORM_EPSILONS: dict[NormName, float] = {"layernorm": 1e-5, "rmsnorm": 1e-6}  # of GPT-2, of LLaMA


class BlockSpec(Strict):
    """One module type of the grammar; a subclass per file in `icl_bench.blocks`.

    A subclass adds a `type` with its name as the default and the sizes it needs, builds its own torch
    module from plain numbers, and accounts for itself without building anything. In the module it builds,
    linear maps and norms (`icl_bench.blocks.norms`) start by the one rule of every architecture
    (`icl_bench.models.initialise`); a module with parameters of its own defines `reset(generator)`, which
    sets each of them in place, drawing from `generator` alone.
    """

    label: ClassVar[str]  # what pages call it
    example: ClassVar[dict[str, Any]]  # its keys but `type`, as an example: tests build it at width 32

    type: str

    def called(self) -> str:
        """Its label, or what it is with its keys, as `windowed attention`."""
        return self.label

    def check(self, width: int) -> None:
        """Raise ValueError, with the remedy, where the block cannot work at this residual width."""

    def build(self, width: int) -> Any:
        """The torch module: (batch, tokens, width) → (batch, tokens, width), without residual."""
        raise NotImplementedError

    def parameters(self, width: int) -> int:
        """How many parameters the module has."""
        raise NotImplementedError

    def state_fixed(self, width: int) -> int:
        """Numbers carried from token to token, whatever the length (recurrent state)."""
        return 0

    def state_per_token(self, width: int) -> int:
        """Numbers added to the carried state by each token (keys and values)."""
        return 0

    def carried(self, width: int, tokens: int) -> int:
        """Numbers that are carried at the last of so many tokens."""
        return self.state_fixed(width) + tokens * self.state_per_token(width)

    def flops(self, width: int, tokens: int) -> int:
        """Floating-point operations of one forward pass over one sequence; a multiply-add counts as 2."""
        raise NotImplementedError

    def least_tokens(self) -> int:
        """The shortest prompt, in tokens, that it is for: one chunk, where it has chunks."""
        return 1


BLOCKS: Registry[BlockSpec] = Registry("block", "icl_bench.blocks")

Block = Annotated[Any, BeforeValidator(BLOCKS.parse)]


class LearnedPositions(Strict):
    """A table of learned absolute positions, one row a token."""

    type: Literal["learned"]
    max_tokens: int = Field(ge=1, le=65_536)


class NormSpec(Strict):
    """A norm and the epsilon that it adds to the variance or mean square; its name alone means the usual one.

    In a file: `rmsnorm`, or `{type: rmsnorm, epsilon: 1.0e-5}`.
    """

    type: NormName
    epsilon: float = Field(gt=0, le=1)

    @model_serializer
    def _short_where_usual(self) -> str | dict[str, Any]:
        usual = self.epsilon == NORM_EPSILONS[self.type]
        return self.type if usual else {"type": self.type, "epsilon": self.epsilon}


def _parse_norm(value: Any) -> Any:
    """A name, or a mapping with the epsilon; without one it is the usual one."""
    if isinstance(value, NormSpec):
        return value
    name = value.get("type") if isinstance(value, dict) else value
    if not isinstance(name, str):
        raise ValueError(f"write {' or '.join(NORM_EPSILONS)}, or {{type: rmsnorm, epsilon: 1.0e-5}}")
    if name not in NORM_EPSILONS:
        raise ValueError(str(UnknownNameError("norm", name, NORM_EPSILONS)))
    usual = {"type": name, "epsilon": NORM_EPSILONS[name]}
    return usual | value if isinstance(value, dict) else usual


def _parse_positions(value: Any) -> Any:
    if value != "none" and not isinstance(value, dict | LearnedPositions):
        remedy = "write {type: learned, max_tokens: N} or none"
        if value == "rope":
            remedy = (
                "RoPE is part of attention: write positions: none here and positions: rope in each attention"
            )
        raise ValueError(f"unknown positions {value!r:.60}; {remedy}")
    return value


Norm = Annotated[NormSpec, BeforeValidator(_parse_norm)]
Positions = Annotated[LearnedPositions | Literal["none"], BeforeValidator(_parse_positions)]


class Sublayer(Strict):
    """`skip * h + module(norm(h))`: 1 is the usual residual, 2 adds the stream twice."""

    norm: Norm
    module: Block
    skip: float = Field(default=1.0, gt=0, le=4, allow_inf_nan=False)

    @model_serializer(mode="wrap")
    def _without_usual_skip(self, dump: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        values = dump(self)
        if self.skip == 1:
            del values["skip"]
        return values


class Layer(Strict):
    """A group of sublayers, built `repeat` times with weights of their own. The whole is applied `loop` times
    with the same weights, each time to its last output; `inject` adds the group's input to that.

    With `inject` a loop computes `z ← layers(z + input)`, where z_0 = 0 (looped transformers, Yang et al.
    2024, arXiv 2311.12424); without it `z ← layers(z)` with z_0 = input (Universal Transformer without
    halting, Dehghani et al. 2019, arXiv 1807.03819). A group with `loop` above 1 or with `inject` is looped:
    its number of loops may be another when it is evaluated. `loop: 1` computes the same with `inject` and
    without.
    """

    repeat: int = Field(default=1, ge=1, le=512)
    loop: int = Field(default=1, ge=1, le=MAX_LOOPS)
    inject: bool = False
    sublayers: list[Sublayer] = Field(min_length=1, max_length=64)

    @property
    def looped(self) -> bool:
        """Whether its weights are meant to be applied any number of times."""
        return self.loop > 1 or self.inject

    @model_serializer(mode="wrap")
    def _without_usual_loop(self, dump: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        usual = {"loop": 1, "inject": False}
        return {key: value for key, value in dump(self).items() if key not in usual or value != usual[key]}


class ArchitectureSpec(Strict):
    """A whole architecture. Sizes are numbers of units; FLOPs and states are counted, not measured."""

    schema_version: Literal[1] = Field(alias="schema")
    name: SpecName
    width: int = Field(ge=1, le=16_384)
    positions: Positions
    stem: list[Sublayer] = Field(default=[], max_length=64)
    layers: list[Layer] = Field(min_length=1, max_length=64)
    final_norm: Norm

    @model_validator(mode="after")
    def _is_buildable(self) -> "ArchitectureSpec":
        groups = ((layer.repeat * layer.loop, layer) for layer in self.layers)
        depth = len(self.stem) + sum(times * len(layer.sublayers) for times, layer in groups)
        if depth > MAX_SUBLAYERS:
            loops = ", those of every loop counted" if self.looped else ""
            raise ValueError(f"{depth:,} sublayers{loops}; at most {MAX_SUBLAYERS:,} are accepted")
        for place, sublayer in self._places():
            try:
                sublayer.module.check(self.width)
            except ValueError as error:
                raise ValueError(f"{place}.module: {error}") from None
        count = self.parameters(d=1, k=1)
        if count > MAX_PARAMETERS:
            raise ValueError(f"{count:,} parameters; at most {MAX_PARAMETERS:,} are accepted")
        if (state := self.state_fixed()) > MAX_STATE:
            raise ValueError(f"a state of {state:,} numbers; at most {MAX_STATE:,} are accepted")
        return self

    def _places(self) -> list[tuple[str, Sublayer]]:
        stem = [(f"stem[{i}]", sublayer) for i, sublayer in enumerate(self.stem)]
        return stem + [
            (f"layers[{i}].sublayers[{j}]", sublayer)
            for i, layer in enumerate(self.layers)
            for j, sublayer in enumerate(layer.sublayers)
        ]

    def expanded(self) -> list[Sublayer]:
        """Every sublayer in the order of computation, repeats and loops written out."""
        layers = (layer.sublayers * (layer.repeat * layer.loop) for layer in self.layers)
        return self.stem + [sublayer for group in layers for sublayer in group]

    def built(self) -> list[Sublayer]:
        """Every sublayer that has weights of its own, repeats written out and loops not."""
        layers = (layer.sublayers * layer.repeat for layer in self.layers)
        return self.stem + [sublayer for group in layers for sublayer in group]

    @property
    def looped(self) -> bool:
        """Whether a group's number of loops may be another when it is evaluated."""
        return any(layer.looped for layer in self.layers)

    def with_loops(self, loops: int) -> "ArchitectureSpec":
        """The same with every looped group applied `loops` times.

        SpecError where no group is looped, or for a number of loops that no spec may have.
        """
        if not self.looped:
            raise SpecError(
                f"{self.name} has no looped layers; leave out the number of loops", code="not-looped"
            )
        if not 1 <= loops <= MAX_LOOPS:
            raise SpecError(f"{loops:,} loops; give 1 to {MAX_LOOPS}", code="loops-out-of-bounds")
        value = self.to_dict()
        for layer, changed in zip(self.layers, value["layers"], strict=True):
            if layer.looped:
                changed["loop"] = loops
        return parse_architecture(value, f"{self.name} with {loops} loops")

    def parameters(self, d: int, k: int, tokens: int | None = None) -> int:
        """Parameters that a prompt of `tokens` tokens reads (all positions where tokens is None)."""
        count = token_dims(d, k) * self.width + self.width + self.width * k + k
        count += _norm_parameters(self.final_norm, self.width)
        if isinstance(self.positions, LearnedPositions):
            count += self.width * min(tokens or self.positions.max_tokens, self.positions.max_tokens)
        for sublayer in self.built():
            count += sublayer.module.parameters(self.width) + _norm_parameters(sublayer.norm, self.width)
        return count

    def state_fixed(self) -> int:
        """Numbers carried between tokens that do not grow with the prompt."""
        return sum(sublayer.module.state_fixed(self.width) for sublayer in self.expanded())

    def carried(self, tokens: int) -> int:
        """Numbers that are carried at the last of so many tokens."""
        return sum(sublayer.module.carried(self.width, tokens) for sublayer in self.expanded())

    def state_per_token(self) -> int:
        """Numbers that each token adds to the carried state."""
        return sum(sublayer.module.state_per_token(self.width) for sublayer in self.expanded())

    def flops(self, d: int, k: int, tokens: int) -> int:
        """Floating-point operations of one prompt's forward pass; element-wise work is not counted."""
        answers = (tokens + 1) // 2  # only x tokens are read out
        ends = 2 * self.width * (tokens * token_dims(d, k) + answers * k)
        return ends + sum(sublayer.module.flops(self.width, tokens) for sublayer in self.expanded())

    def max_tokens(self) -> int | None:
        """The longest prompt in tokens, None where the architecture sets no limit."""
        return self.positions.max_tokens if isinstance(self.positions, LearnedPositions) else None

    def least_tokens(self) -> int:
        """The shortest prompt, in tokens, that all of its blocks are for."""
        return max(sublayer.module.least_tokens() for sublayer in self.built())

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain data, as in its file."""
        return self.model_dump(by_alias=True)


def token_dims(d: int, k: int) -> int:
    """Width of a prompt's tokens: x and y share one token space, the shorter is zero-padded."""
    return max(d, k)


def parse_architecture(value: Any, source: str) -> ArchitectureSpec:
    """Validate plain data as an architecture spec; SpecError says what is wrong and where."""
    return parse(ArchitectureSpec, value, source)


def load_architecture(path: Path) -> ArchitectureSpec:
    """Read a spec file (YAML or JSON); SpecError says what is wrong and where."""
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise SpecError(
            f"{path}: an architecture spec is a mapping; see `icl-bench models show reference/gpt2`",
            code="not-a-mapping",
        )
    return parse_architecture(value, str(path))


def _norm_parameters(norm: NormSpec, width: int) -> int:
    return 2 * width if norm.type == "layernorm" else width
