"""The compiled training against the same training in plain torch, step by step."""

import numpy as np
import pytest
import torch
from raising import raises
from torch import nn

from icl_bench.baselines.two_layer_nn import TwoLayerNN
from icl_bench.errors import InputError
from icl_bench.suites import find_task, generate

pytestmark = pytest.mark.slow


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def torch_answers(baseline: TwoLayerNN, xs: np.ndarray, ys: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """The straightforward loop: one torch network and optimiser a prompt and context length."""
    xs, ys = torch.tensor(xs, dtype=dtype), torch.tensor(ys, dtype=dtype)
    answers = torch.zeros_like(ys)
    for prompt in range(len(xs)):
        for i in range(1, xs.shape[1]):
            hidden, out, out_bias, order = baseline.drawn(i, xs.shape[2], ys.shape[2])
            first, second = nn.Linear(xs.shape[2], baseline.width), nn.Linear(baseline.width, ys.shape[2])
            network = nn.Sequential(first, nn.ReLU(), second).to(dtype)
            with torch.no_grad():
                for parameter, value in (
                    (first.weight, hidden[:-1].T),
                    (first.bias, hidden[-1]),
                    (second.weight, out),
                    (second.bias, out_bias),
                ):
                    parameter.copy_(torch.tensor(value))
            optimiser = torch.optim.Adam(network.parameters(), lr=baseline.rate)
            for point in order:
                optimiser.zero_grad()
                nn.functional.mse_loss(network(xs[prompt, point]), ys[prompt, point]).backward()
                optimiser.step()
            with torch.no_grad():
                answers[prompt, i] = network(xs[prompt, i])
    return answers.numpy()


@pytest.mark.parametrize(("d", "k", "width"), [(20, 1, 100), (5, 3, 16), (1, 1, 7)])
def test_the_answers_are_those_of_torch(d, k, width):
    baseline = TwoLayerNN(width=width, steps=300)
    xs, ys = normal(0, 1, 5, d), 3 * normal(1, 1, 5, k)
    ours = baseline.predict(xs, ys)
    exact = torch_answers(baseline, xs, ys, torch.float64)
    in_float32 = torch_answers(baseline, xs, ys, torch.float32)
    rounding = np.abs(in_float32 - exact).max()  # what float32 itself comes to over these steps
    assert rounding < 1e-2
    np.testing.assert_allclose(ours, exact, rtol=0, atol=10 * rounding + 1e-5)


def test_every_context_length_has_a_network_and_points_of_its_own():
    # the pitfall: the first network of every batch never used, or one network for all
    baseline = TwoLayerNN()
    draws = [baseline.drawn(i, 20, 1) for i in range(1, 30)]
    assert len({hidden.tobytes() for hidden, *_ in draws}) == 29
    assert len({order[:3].tobytes() + order[-50:].tobytes() for *_, order in draws[5:]}) == 24
    for i, (hidden, out, out_bias, order) in enumerate(draws, start=1):
        assert (hidden.shape, out.shape, out_bias.shape) == ((21, 100), (1, 100), (1,))
        assert order.shape == (1000,)
        assert set(order.tolist()) == set(range(i))
        assert 0.9 / np.sqrt(20) < np.abs(hidden).max() <= 1 / np.sqrt(20)
        assert 0.09 < np.abs(out).max() <= 0.1
        assert abs(hidden.mean()) < 4 * hidden.std() / np.sqrt(hidden.size)


def test_training_learns_a_function_that_is_a_network():
    suite, task = find_task("mini/two_layer_mlp")
    xs, ys, _ = generate(task, suite.name, "dev", 0, 24)
    predictions = TwoLayerNN().predict(xs, ys)
    late = slice(task.points - 5, None)
    assert np.square(predictions - ys)[:, late].mean() < 0.6 * np.square(ys)[:, late].mean()


def test_a_context_of_one_point_is_learned_by_heart():
    xs, ys = normal(2, 1, 2, 4), normal(3, 1, 2, 2)
    xs[:, 1] = xs[:, 0]
    np.testing.assert_allclose(TwoLayerNN().predict(xs, ys)[0, 1], ys[0, 0], atol=0.05)


@pytest.mark.parametrize("scale", [1e-38, 1e-12, 1e6, 1e12])
def test_answers_are_finite_at_every_scale_that_is_accepted(scale):
    xs, ys = np.clip(normal(0, 2, 6, 3), -1, 1), np.clip(normal(1, 2, 6, 2), -1, 1)
    baseline = TwoLayerNN(steps=100)
    for a, b in ((scale, 1.0), (1.0, scale), (scale, scale)):
        assert np.isfinite(baseline.predict(np.float32(a) * xs, np.float32(b) * ys)).all()


def test_numbers_that_could_leave_float32_are_refused():
    xs, ys = np.ones((1, 3, 2), np.float32), np.ones((1, 3, 1), np.float32)
    for big in ((xs * 1e20, ys), (xs, ys * 1e20)):
        with raises(InputError, "beyond-float32", naming="two_layer_nn"):
            TwoLayerNN().predict(*(array.astype(np.float32) for array in big))
