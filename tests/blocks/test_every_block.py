"""Every registered block: its fast form is its step form, its costs are those of what is built, it keeps the
order of tokens and the prompts of a batch apart, and it works in all the ways in which models are run."""

import json
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.utils.flop_counter import FlopCounterMode

from icl_bench.blocks.token_mixer import TokenMixer
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel
from icl_bench.specs.architecture import BLOCKS, BlockSpec

WIDTH, BATCH = 32, 3
SHAPES = [1, 2, 7, 33, 70]  # tokens

VARIANTS: dict[str, dict[str, Any]] = {  # settings of a block under which it computes something else
    "attention, windowed": {"type": "attention", "heads": 4, "positions": "rope", "bias": False}
    | {"window": 3, "sink": 2},
    "attention, windowed without positions": {"type": "attention", "heads": 2, "positions": "none"}
    | {"bias": True, "window": 2},
    "linear_attention, without decay": {"type": "linear_attention", "heads": 2, "key": 8, "value": 4}
    | {"conv": 2, "output": "plain", "decay": "none"},
    "omega, without momentum": {"type": "omega", "heads": 2, "key": 8, "value": 4, "conv": 0}
    | {"output": "norm", "window": 1, "momentum": False},
}
EXAMPLES = {name: {"type": name} | block.example for name, block in BLOCKS.entries().items()} | VARIANTS
SPECS = {name: BLOCKS.parse(example) for name, example in EXAMPLES.items()}
MIXERS = [name for name, spec in SPECS.items() if spec.state_fixed(WIDTH) or spec.state_per_token(WIDTH)]
every_block = pytest.mark.parametrize("block", sorted(SPECS))
every_mixer = pytest.mark.parametrize("block", MIXERS)


def built(block: str, dtype: torch.dtype = torch.float32, seed: int = 0) -> nn.Module:
    """The block with weights that differ from their initial ones, in which too much is 0 or 1."""
    sublayer = {"norm": "rmsnorm", "module": EXAMPLES[block]}
    spec = {"schema": 1, "name": "one", "width": WIDTH, "positions": "none", "final_norm": "rmsnorm"}
    model = ICLModel(
        spec | {"layers": [{"sublayers": [sublayer]}]}, d=3, k=1, task="mini-v1/linear_regression"
    )
    generator = torch.Generator().manual_seed(seed)
    initialise(model, generator)
    module = model.layers[0][0].module
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return module.to(dtype)


def stream(tokens: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, tokens, WIDTH, generator=generator, dtype=torch.float64).to(dtype)


def gradients(module: nn.Module, h: Tensor, by_steps: bool) -> dict[str, Tensor]:
    """The answer, and the gradients of the input and every parameter of a random projection of it."""
    h = h.clone().requires_grad_()
    answer = module.by_steps(h) if by_steps else module(h)
    weights = torch.linspace(-1, 1, answer.numel(), dtype=h.dtype).view_as(answer).cos()
    names, parameters = zip(*module.named_parameters(), strict=True)
    found = torch.autograd.grad((answer * weights).sum(), [h, *parameters])
    return {"answer": answer.detach(), **dict(zip(["h", *names], found, strict=True))}


@every_mixer
@pytest.mark.parametrize("tokens", SHAPES)
def test_the_fast_form_is_the_step_form(block: str, tokens: int) -> None:
    module = built(block, torch.float64)
    assert isinstance(module, TokenMixer)
    h = stream(tokens, torch.float64)
    fast, steps = gradients(module, h, by_steps=False), gradients(module, h, by_steps=True)
    for name, expected in steps.items():
        scale = expected.abs().max().clamp(min=1)
        torch.testing.assert_close(fast[name] / scale, expected / scale, rtol=1e-10, atol=1e-10, msg=name)


@every_mixer
@pytest.mark.parametrize("tokens", [41, 139])
def test_the_fast_form_is_the_step_form_in_float32(block: str, tokens: int) -> None:
    """Within 1e-5, or within what rounding makes of the step form itself, as it does of an inverse matrix."""
    module, h = built(block), stream(tokens)
    fast, steps = (gradients(module, h, by_steps) for by_steps in (False, True))
    with torch.inference_mode():
        predicted = {"answer": module(h)}  # by other kernels than in training
    for name, exact in gradients(module.double(), h.double(), by_steps=True).items():
        scale = exact.abs().max().clamp(min=1)
        error, of_steps, of_prediction = (
            ((found.get(name, exact) - exact).abs().max() / scale).item()
            for found in (fast, steps, predicted)
        )
        assert max(error, of_prediction) < max(1e-5, of_steps), name


@every_mixer
def test_the_state_is_what_the_step_form_carries(block: str) -> None:
    spec, module, h = SPECS[block], built(block), stream(5)
    state = module.start(BATCH)
    for token in range(6):
        carried = sum(tensor[0].numel() for tensor in state)
        counted = spec.state_fixed(WIDTH) + token * spec.state_per_token(WIDTH)
        assert carried == counted or (carried < counted and token < FILLED.get(block, 0)), token
        assert all(tensor.shape[0] == BATCH for tensor in state)
        if token < 5:
            _, state = module.next_token(h[:, token], state)


FILLED = {
    "attention, windowed": 4,
    "attention, windowed without positions": 1,
}  # tokens; less is carried before


@every_block
def test_a_block_counts_its_parameters(block: str) -> None:
    assert SPECS[block].parameters(WIDTH) == sum(part.numel() for part in built(block).parameters())


@every_block
def test_a_block_counts_its_matrix_products(block: str) -> None:
    """Of its step form, which multiplies no pair of tokens twice, against torch's own counter. What is left
    out there is element-wise: convolutions, decays and norms."""
    spec, module, tokens = SPECS[block], built(block), 16
    forms = module.by_steps if isinstance(module, TokenMixer) else module
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        forms(stream(tokens)[:1])
    assert counter.get_total_flops() == pytest.approx(
        spec.flops(WIDTH, tokens), rel=ELEMENTWISE.get(block, 0.1)
    )


# the scan of mamba is counted in full, and so are the solutions of mesa; the counter knows neither
ELEMENTWISE = {"mamba": 0.6, "mesa": 0.3}


@every_block
def test_a_token_does_not_change_what_came_before_it(block: str) -> None:
    module, h = built(block), stream(20)
    changed = h.clone()
    changed[:, 12:] = stream(8, seed=2)
    with torch.inference_mode():
        before, after = module(h), module(changed)
    torch.testing.assert_close(before[:, :12], after[:, :12], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(before[:, 12:], after[:, 12:], atol=1e-2)


@every_mixer
def test_a_token_reads_those_before_it(block: str) -> None:
    module, h = built(block), stream(20)
    changed = h.clone()
    changed[:, 17] = stream(1, seed=2)[:, 0]
    with torch.inference_mode():
        assert not torch.allclose(module(h)[:, 18:], module(changed)[:, 18:], atol=1e-4)


@every_block
def test_prompts_of_a_batch_are_separate(block: str) -> None:
    module, h = built(block), stream(20)
    with torch.inference_mode():
        torch.testing.assert_close(module(h)[1:2], module(h[1:2]), rtol=1e-5, atol=1e-5)


@every_block
def test_autocast_lowers_the_precision_of_maps_alone(block: str) -> None:
    module, h = built(block), stream(20)
    with torch.inference_mode():
        expected = module(h)
        with torch.autocast("cpu", torch.bfloat16):
            lower = module(h)
    error = (lower.float() - expected).square().mean() / expected.square().mean()
    assert error < 0.01


@every_block
def test_gradients_under_autocast_are_those_of_float32_rounded(block: str) -> None:
    """As training with `precision: bf16` takes them: the backward pass is outside of the autocast."""
    found = []
    for precision in (torch.float32, torch.bfloat16):
        module, h = built(block), stream(20).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
            answer = module(h)
        weights = torch.linspace(-1, 1, answer.numel()).view_as(answer).cos()
        (answer.float() * weights).sum().backward()
        found.append([h.grad, *(parameter.grad for parameter in module.parameters())])
    for expected, lower in zip(*found, strict=True):
        assert lower.dtype == torch.float32
        assert (lower - expected).square().mean() < 0.01 * expected.square().mean() + 1e-12


COMPILED = """
import json, sys, torch
from icl_bench.blocks.selective_scan import mark_for_compiler
from icl_bench.models.initialise import initialise
from icl_bench.models.model import ICLModel

mark_for_compiler()
examples = json.load(sys.stdin)
faults = dict.fromkeys(examples)
for name, module in examples.items():
    sublayers = [{"norm": "rmsnorm", "module": module}]
    spec = {"schema": 1, "name": "one", "width": 32, "positions": "none", "final_norm": "rmsnorm"}
    spec["layers"] = [{"sublayers": sublayers}]
    model = ICLModel(spec, d=3, k=1, task="mini-v1/linear_regression")
    initialise(model, torch.Generator().manual_seed(0))
    block = model.layers[0][0].module.double()  # in float32 a CPU has kernels that are compiled already
    h = torch.linspace(-1, 1, 2 * 40 * 32, dtype=torch.float64).view(2, 40, 32).cos().requires_grad_()
    try:
        torch.compiler.reset()
        answer = torch.compile(block, fullgraph=True, dynamic=False, backend="aot_eager")(h)
        torch.testing.assert_close(answer, block(h))
        answer.sum().backward()
    except Exception as error:
        faults[name] = f"{type(error).__name__}: {error}"
json.dump(faults, sys.stdout)
"""


COMPILER_TEST = "test_every_block.py::test_the_compiler_makes_one_graph_of_a_block["


@pytest.fixture(scope="module")
def compiler_faults(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """What torch's compiler could not take of each block that is chosen, None where it took all: in a process
    of its own, without the checks of types that the tests have around every function."""
    chosen = [item.callspec.params["block"] for item in request.session.items if COMPILER_TEST in item.nodeid]
    examples = json.dumps({block: EXAMPLES[block] for block in chosen})
    command = [sys.executable, "-c", COMPILED]
    run = subprocess.run(command, input=examples, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@every_block
def test_the_compiler_makes_one_graph_of_a_block(block: str, compiler_faults: dict[str, str | None]) -> None:
    assert compiler_faults[block] is None


@every_block
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_several_models_are_computed_together(block: str, dtype: torch.dtype, error: float) -> None:
    """As the grid trains seeds: one pass of stacked weights is each model's own. In float32, where a CPU has
    kernels of its own, sums are taken in another order, and these weights make gradients of some hundred."""
    modules = [built(block, dtype, seed) for seed in (0, 1)]
    h = torch.stack([stream(20, dtype), stream(20, dtype, seed=2)])
    weights, buffers = stack_module_state(modules)

    def answer(of_one: dict[str, Tensor], tokens: Tensor) -> Tensor:
        return functional_call(modules[0], (of_one, buffers), (tokens,))

    together = vmap(answer)(weights, h)
    together.square().sum().backward()
    for k, module in enumerate(modules):
        alone = module(h[k])
        torch.testing.assert_close(together[k], alone, rtol=0, atol=error)
        alone.square().sum().backward()
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None
            scale = parameter.grad.abs().max().clamp(min=1)
            difference = (weights[name].grad[k] - parameter.grad).abs().max() / scale
            assert difference < error, name


def test_a_block_says_what_boards_call_it() -> None:
    for name, block in BLOCKS.entries().items():
        assert isinstance(block.label, str), name
        assert issubclass(block, BlockSpec)
