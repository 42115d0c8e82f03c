"""The `hybrid` models of Campbell et al. 2024: a list of modules of transformers, with marks for residuals.

The hidden state runs through the modules. At a mark, what it was at the mark before is added to it. A
pre-norm sublayer is therefore `norm, module, residual`, and what begins with the first mark is the residual
stream. A whole block of transformers adds its own residual: a mark after a Mamba block adds the stream a
second time (`skip: 2`), as in three of the study's twelve architectures.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from icl_bench.blocks.positions import ROPE_BASE
from icl_bench.errors import CheckpointError
from icl_bench.models.convert import modules
from icl_bench.models.convert.backbones import GPT2_EPSILON, MAMBA_EPSILON, Backbone
from icl_bench.models.convert.config import Section
from icl_bench.models.convert.modules import Converted, Module, Norm
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.text import shown

RESIDUAL = "residual"
_KEYS = ("type", "n_positions", "n_embd", "n_layer", "n_head", "x_dim", "y_dim", "interleave", "module_names")
_EPSILONS = {
    "layer_norm_epsilon": 1e-5,
    "rms_norm_eps": 1e-6,
}  # the defaults of transformers
_FIXED = {
    "rope_theta": ROPE_BASE,
    "llama_hidden_act": "silu",
    "mamba_hidden_act": "silu",
    "gpt2_hidden_act": "gelu_new",
}
_READ_FROM_TENSORS = ("mamba_state_size", "mamba_expand", "mamba_conv_kernel")


@dataclass
class _Reading:
    """The model as far as its modules were read; `pending` follows the last addition to the stream."""

    width: int
    heads: int
    epsilons: dict[str, float]
    source: str
    positions: Tensor | None = None
    sublayers: list[Converted] = field(default_factory=list)
    pending: list[Norm | Module] = field(default_factory=list)
    marked: int | None = None  # how many sublayers there were at the last mark
    modules: int = 0

    def read(self, name: str, weights: Weights) -> None:
        """Take the next module."""
        if name == RESIDUAL:
            self._mark()
        elif name == "absolute positional embedding":
            self._embed(weights)
        elif name in ("gpt2 block", "mamba block"):
            self._block(name, weights)
        else:
            self.pending.append(self._part(name, weights))
        self.modules += 1

    def final_norm(self) -> Norm:
        """The norm that the model ends with."""
        if len(self.pending) == 1 and isinstance(self.pending[0], Norm) and self.sublayers:
            return self.pending[0]
        raise self._fault("does not end with a sublayer and one norm")

    def _mark(self) -> None:
        if self.pending:
            self._sublayer()
        elif self.marked is not None:
            self._add_stream_again()
        self.marked = len(self.sublayers)

    def _add_stream_again(self) -> None:
        """After a block that added its residual itself."""
        if self.marked != len(self.sublayers) - 1:
            raise self._fault(f"adds the residual stream twice at module {self.modules}")
        self.sublayers[-1] = replace(self.sublayers[-1], skip=self.sublayers[-1].skip + 1)

    def _sublayer(self) -> None:
        if self.marked != len(self.sublayers):
            raise self._fault(f"adds at module {self.modules} what is not the residual stream")
        match self.pending:
            case [Norm() as norm, Module() as module]:
                self.sublayers.append(Converted(norm, module))
                self.pending = []
            case _:
                raise self._fault(
                    f"has no norm and module alone before the residual at module {self.modules}"
                )

    def _embed(self, weights: Weights) -> None:
        if self.modules:
            raise self._fault("has positions after its first module")
        self.positions = weights.take("embed.weight", *weights.shape("embed.weight")[:1], self.width)

    def _block(self, name: str, weights: Weights) -> None:
        if self.pending:
            raise self._fault(f"has no residual before its {name} at module {self.modules}")
        if name == "gpt2 block":
            self.sublayers += modules.gpt2_block(weights, self.width, self.heads, GPT2_EPSILON)
        else:
            self.sublayers += modules.mamba_block(weights, self.width, MAMBA_EPSILON)

    def _part(self, name: str, weights: Weights) -> Norm | Module:
        width, heads = self.width, self.heads
        if name == "layer norm":
            return modules.layer_norm(weights, width, self.epsilons["layer_norm_epsilon"])
        if name == "rms norm":
            return modules.rms_norm(weights, width, self.epsilons["rms_norm_eps"])
        if name == "gpt2 attention":
            return modules.gpt2_attention(weights, width, heads)
        if name in ("llama attention", "llama attention no rope"):
            return modules.llama_attention(weights, width, heads, rope=name == "llama attention")
        if name == "gpt2 mlp":
            return modules.gpt2_mlp(weights, width)
        if name == "llama mlp":
            return modules.llama_mlp(weights, width)
        if name == "mamba mixer":
            return modules.mamba_mixer(weights, width)
        raise self._fault(f"has a module {shown(name)}")

    def _fault(self, what: str) -> CheckpointError:
        return CheckpointError(
            f"{self.source}: the hybrid {what}, which icl-bench cannot express: its sublayers are "
            "skip * h + module(norm(h)), between learned positions and a final norm; "
            "write a spec and train it here",
            code="cannot-convert",
        )


def read_hybrid(weights: Weights, settings: Section | None, width: int) -> Backbone:
    """The model of a hybrid; CheckpointError where it has what ours cannot express."""
    if settings is None:
        raise CheckpointError(
            f"{weights.source} is a hybrid, whose modules are listed in its config.yml; give it by --config",
            code="incomplete-run",
        )
    settings.check_known((*_KEYS, *_EPSILONS, *_FIXED, *_READ_FROM_TENSORS))
    names = _module_names(settings)
    with_rope = "llama attention" in names
    settings.check_equal({key: value for key, value in _FIXED.items() if with_rope or key != "rope_theta"})
    reading = _Reading(width, settings.whole("n_head"), _epsilons(settings), settings.source)
    for i, name in enumerate(names):
        reading.read(name, weights.under(f"layers.{i}."))
    return Backbone("hybrid", reading.positions, reading.sublayers, reading.final_norm())


def _epsilons(settings: Section) -> dict[str, float]:
    return {key: settings.epsilon(key, default) for key, default in _EPSILONS.items()}


def _module_names(settings: Section) -> list[str]:
    """The list of modules, in which lists stand for what they hold."""
    left: list[Any] = [settings.get("module_names")]
    names: list[str] = []
    while left:
        item = left.pop()
        if isinstance(item, list):
            left += reversed(item)
        elif isinstance(item, str):
            names.append(item)
        else:
            raise CheckpointError(
                f"{settings.source}: model.module_names is not a list of names; give the run's file",
                code="run-config",
            )
    return names
