"""Backbones of Park et al. 2024 (arXiv 2402.04248, github.com/krafton-ai/mambaformer-icl).

Its code continues that of Garg et al.: the same training states, configurations and prompts, and beside GPT-2
the families `mamba` and `tf-mamba`. Those are mamba_ssm's `MixerModel` with LayerNorm: a stack of mixers, of
which in `tf-mamba` every second is attention. With `mixed_attn: standard` there are learned positions; with
`mambaformer` a Mamba mixer stands before the stack in their place.
"""

from icl_bench.errors import CheckpointError
from icl_bench.models.convert import modules
from icl_bench.models.convert.backbones import Backbone
from icl_bench.models.convert.config import Section
from icl_bench.models.convert.modules import Converted
from icl_bench.models.convert.state_dict import Weights
from icl_bench.specs.text import shown

HEADS = 8  # of its attention, whatever the configuration says
EPSILON = 1e-5  # of its LayerNorm
_MIXED = {"mamba": (None,), "tf-mamba": ("standard", "mambaformer")}  # by family


def read_backbone(weights: Weights, settings: Section | None, width: int) -> Backbone:
    """The stack of a `MixerModel`; CheckpointError where its configuration says another."""
    backbone = weights.under("_backbone.")
    backbone.ignore("embedding.weight")  # of tokens: no prompt reads it
    layers = backbone.under("layers.")
    sublayers = [_sublayer(layers.under(f"{i}."), width) for i in range(len(layers.children()))]
    positions = None
    if "wpe.weight" in weights:
        positions = weights.take("wpe.weight", *weights.shape("wpe.weight")[:1], width)
    if settings:
        _check_family(settings, sublayers, positions is not None)
    final = modules.layer_norm(backbone.under("norm_f."), width, EPSILON)
    return Backbone("mambaformer", positions, sublayers, final)


def first_blocks(settings: Section) -> int:
    """How many blocks stand before those that `n_layer` counts."""
    return int(settings.get("mixed_attn") == "mambaformer")


def _sublayer(weights: Weights, width: int) -> Converted:
    mixer, norm = weights.under("mixer."), modules.layer_norm(weights.under("norm."), width, EPSILON)
    if "c_attn.weight" in mixer:
        return Converted(norm, modules.linear_attention_maps(mixer, width, HEADS))
    return Converted(norm, modules.mamba_mixer(mixer, width))


def _check_family(settings: Section, sublayers: list[Converted], with_positions: bool) -> None:
    """The family and its option say the same as the tensors."""
    family, mixed = settings.get("family"), settings.get("mixed_attn")
    attention = [
        sublayer.module.spec["type"] == "attention" for sublayer in sublayers[first_blocks(settings) :]
    ]
    expected = [i % 2 == 0 if mixed else False for i in range(len(attention))]
    if (
        mixed not in _MIXED.get(str(family), ())
        or attention != expected
        or with_positions != (mixed == "standard")
    ):
        raise CheckpointError(
            f"{settings.source}: the tensors are not those of family {shown(str(family))} with mixed_attn "
            f"{shown(str(mixed))}; give the configuration of this run",
            code="run-config",
        )
