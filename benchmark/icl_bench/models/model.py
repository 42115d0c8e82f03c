"""A sequence model that answers in-context regression prompts, built from an architecture spec."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import PyTorchModelHubMixin
from jaxtyping import Float
from torch import Tensor, nn

from icl_bench.blocks.linear import Linear
from icl_bench.blocks.norms import build_norm
from icl_bench.blocks.positions import LearnedPositions
from icl_bench.errors import SpecError
from icl_bench.models.find_folder import find_folder
from icl_bench.models.steps import Step, Stream, steps_of
from icl_bench.models.weights import Shapes, read_weights
from icl_bench.specs.architecture import ArchitectureSpec, Sublayer, parse_architecture, token_dims
from icl_bench.specs.checkpoint import CheckpointConfig, read_config
from icl_bench.specs.suite import prompt_tokens

MODEL_CARD = """\
---
{{ card_data }}
---
A sequence model that answers regression prompts in context, in the format of icl-bench: `config.json` holds
its architecture spec, its task and how it was trained. To score it: `icl-bench evaluate USER/MODEL`.
"""


class ICLModel(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="icl-bench",
    tags=["in-context-learning", "icl-bench"],
    model_card_template=MODEL_CARD,
):
    """Reads x_0, y_0, x_1, …, x_{N-1} as interleaved tokens and answers y_i at x_i.

    The arguments are what `config.json` of a checkpoint holds: the architecture spec as plain data, the
    dimensions of x and y, the task as `suite/task`, the factor that targets are multiplied by on the way in
    (and predictions divided by on the way out), and where the weights come from.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        d: int,
        k: int,
        task: str,
        target_scale: float = 1.0,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        architecture = parse_architecture(spec, "architecture")
        width = architecture.width
        self.d, self.k, self.task, self.target_scale = d, k, task, target_scale
        self.architecture = architecture
        self.training_provenance = training
        self.read_in = Linear(token_dims(d, k), width)
        self.positions = _build_positions(architecture)
        self.stem = nn.ModuleList(_PreNorm(sublayer, width) for sublayer in architecture.stem)
        self.layers = nn.ModuleList(
            nn.ModuleList(_PreNorm(sublayer, width) for sublayer in layer.sublayers)
            for layer in architecture.layers
            for _ in range(layer.repeat)
        )
        self.steps = steps_of(architecture.layers)
        self.final_norm = build_norm(architecture.final_norm, width)
        self.read_out = Linear(width, k)

    @classmethod
    def from_pretrained(  # type: ignore[override]  # the mixin's fills in what a file lacks, and loads pickles
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        task: str | None = None,
        revision: str | None = None,
    ) -> "ICLModel":
        """The model of a checkpoint folder or Hub repository (or of the folder `task` in it), read strictly.

        CheckpointError and HubError say in one line what is missing, unknown, misshapen or out of reach.
        """
        return load_checkpoint(find_folder(str(pretrained_model_name_or_path), task, revision))

    def add_provenance(self, **facts: Any) -> None:
        """Say more of where the weights come from: what a saved `config.json` holds under `training`."""
        self.training_provenance = {**(self.training_provenance or {}), **facts}
        config: dict[str, Any] = self._hub_mixin_config  # type: ignore[assignment]
        config["training"] = self.training_provenance

    def forward(
        self, xs: Float[Tensor, "batch points d"], ys: Float[Tensor, "batch points k"]
    ) -> Float[Tensor, "batch points k"]:
        """Predictions of every y_i; the last y is never read. SpecError where the prompt is too long."""
        stream = Stream(self.embed(xs, ys))
        for step in self.steps:
            stream = self.advance(stream, step)
        return self.answer(stream.h[:, ::2])

    def embed(
        self, xs: Float[Tensor, "batch points d"], ys: Float[Tensor, "batch points k"]
    ) -> Float[Tensor, "batch tokens width"]:
        """The stream that enters the first layer. SpecError where the prompt is too long."""
        h = self.read_in(self.tokens(xs, ys)).to(self.read_in.weight.dtype)  # whatever autocast computes in
        h = self.positions(h)
        for sublayer in self.stem:
            h = sublayer(h)
        return h

    def advance(self, stream: Stream, step: Step) -> Stream:
        """The stream after one application of a layer."""
        h, entered = stream
        if step.keeps_input:
            entered = h
        if step.adds_input:
            h = h + entered  # type: ignore[operator]  # kept in the group's first loop
        for sublayer in self.layers[step.layer]:  # type: ignore[attr-defined]
            h = sublayer(h)
        return Stream(h, entered)

    def states(
        self, h: Float[Tensor, "batch tokens width"], steps: Sequence[Step] | None = None
    ) -> Iterator[Float[Tensor, "batch tokens width"]]:
        """The stream after each application of a layer, from what enters the first; `steps` are the model's
        unless given."""
        stream = Stream(h)
        for step in self.steps if steps is None else steps:
            stream = self.advance(stream, step)
            yield stream.h

    def answer(self, h: Float[Tensor, "... width"]) -> Float[Tensor, "... k"]:
        """What the read-out makes of the stream at the tokens of inputs."""
        return self.read_out(self.final_norm(h)) / self.target_scale

    def tokens(
        self, xs: Float[Tensor, "batch points d"], ys: Float[Tensor, "batch points k"]
    ) -> Float[Tensor, "batch tokens dims"]:
        """The 2N - 1 interleaved tokens of a prompt of N points, x and y zero-padded to one width."""
        batch, points, d = xs.shape
        tokens, longest = prompt_tokens(points), self.architecture.max_tokens()
        if longest is not None and tokens > longest:
            raise SpecError(
                f"{self.architecture.name} has {longest} positions and the prompt {tokens} tokens; "
                "raise positions.max_tokens",
                code="prompt-too-long",
            )
        pairs = xs.new_zeros(batch, points, 2, token_dims(self.d, self.k))
        pairs[:, :, 0, :d] = xs
        pairs[:, :, 1, : ys.shape[2]] = ys * self.target_scale
        return pairs.flatten(1, 2)[:, :-1]


class _PreNorm(nn.Module):
    """skip * h + module(norm(h)): the only residual there is."""

    def __init__(self, sublayer: Sublayer, width: int) -> None:
        super().__init__()
        self.norm = build_norm(sublayer.norm, width)
        self.module = sublayer.module.build(width)
        self.skip = sublayer.skip

    def forward(self, h: Tensor) -> Tensor:
        stream = h if self.skip == 1 else self.skip * h
        return stream + self.module(self.norm(h))


def _build_positions(architecture: ArchitectureSpec) -> nn.Module:
    longest = architecture.max_tokens()
    return nn.Identity() if longest is None else LearnedPositions(longest, architecture.width)


def count_parameters(model: nn.Module) -> int:
    """Every parameter of the module, used by a prompt or not."""
    return sum(parameter.numel() for parameter in model.parameters())


def empty_model(config: dict[str, Any]) -> ICLModel:
    """The model of a `config.json` without memory for its weights (on torch's meta device)."""
    with torch.device("meta"):
        return ICLModel(**config)


def load_checkpoint(folder: Path, config: CheckpointConfig | None = None) -> ICLModel:
    """The model of a checkpoint folder, in float32 on the CPU, ready to predict; `config` is that of the
    folder unless given.

    CheckpointError, one line, where anything is missing, unknown, misshapen, cut short or not finite. Sizes
    are checked before memory is allocated.
    """
    model = empty_model((config or read_config(folder)).to_dict())
    model.load_state_dict(read_weights(folder, shapes(model)), assign=True)
    return model.eval()


def shapes(model: nn.Module) -> Shapes:
    """The shape of every tensor of a module, by name."""
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
