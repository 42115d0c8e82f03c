"""How good the answer is when it is read off after each layer."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from icl_bench.probes.algorithms import development_prompts
from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import (
    interval_estimate,
    interval_estimates,
    scored_sums,
    squared_errors,
    without_estimate,
)
from icl_bench.specs.probe_record import Finding
from icl_bench.specs.scored import ScoredPoints
from icl_bench.specs.suite import TaskSpec
from icl_bench.suites import Prompts

PROMPTS = 512  # the first of the task, and as many of its development stream
LOOPS = 32  # that a looped network is read out to


@PROBES.register
class DepthReadout(Probe):
    """The error of the read-out applied to the stream before the first layer and after each, over ξ_0: as it
    is (with the final norm before it), and as a linear map that is fitted on the development stream.

    The estimate is the largest rise of the error of the read-out as it is from a depth to a greater one: 0
    where the error is monotone in depth. As a maximum over depths it is biased upwards in resamples, so its
    interval may lie above it.

    Layers of a loop are read after every application. Where the last group is looped, the curves go on to
    LOOPS, or twice its loops, as far as the stream is finite; the estimate rests on the loops that the
    network has.
    """

    type: Literal["depth_readout"] = "depth_readout"
    place: ClassVar[int] = 4
    heading: ClassVar[str] = "Rise with depth"
    definition: ClassVar[str] = (
        "The largest rise of the error from a depth to a later one when the read-out is applied before the "
        "first layer and after each, as a share of the error of answering 0: 0 where the error only falls. "
        "Layers of a loop count at every application, and beyond its loops the chart alone goes on."
    )
    looks_inside: ClassVar[bool] = True
    x_label: ClassVar[str] = "layers applied"
    y_label: ClassVar[str] = "error, of answering 0"

    def serves(self, task: TaskSpec) -> bool:
        """Where queries are inputs of the context: one reading of a prompt answers all of them."""
        return task.shift is None or not task.shift.asks_apart

    def measure(self, subject: Subject) -> Finding:
        """Errors after 0, 1, … layers."""
        from icl_bench.models.steps import steps_with_further_loops
        from icl_bench.probes.inside.states import depth_states

        scored, prompts = subject.task.scored_points, subject.prompts.part(slice(PROMPTS))
        network = subject.network
        assert network is not None, "`run.measure` has seen that there is one"
        groups = network.architecture.layers
        last, steps = len(network.steps), steps_with_further_loops(groups, LOOPS)
        states, answers = depth_states(network, prompts, steps)
        development = development_prompts(subject.suite, subject.task, PROMPTS)
        known = depth_states(network, development, steps)[0]
        depths = max(last + 1, min(map(_finite, (states, answers, known))))
        read_outs = _fitted(known[:depths], development)
        targets = prompts.ys.astype(np.float64)
        zero = scored_sums(np.square(targets).mean(axis=2), scored)
        as_is = _sums(answers[:depths], targets, scored)
        fitted = _sums([_with_bias(h) @ W for h, W in zip(states, read_outs, strict=False)], targets, scored)
        values, resampled = subject.ratios(as_is, zero)
        better, _ = subject.ratios(fitted, zero)
        rise = float(_rise(values[None, : last + 1])[0])
        every = interval_estimates(values, resampled)
        numbers = {"after the last layer": every[last]}
        if len(steps) > last:
            twice = last + groups[-1].loop * groups[-1].repeat
            overflows = without_estimate("the stream overflows")
            numbers["after twice the loops"] = every[twice] if depths > twice else overflows
        return Finding(
            estimate=interval_estimate(rise, _rise(resampled[:, : last + 1])),
            label="only falls" if rise == 0 else None,
            values=numbers,
            curves=_curves("as it is", values, last) | _curves("fitted", better, last),
            x=[float(depth) for depth in range(depths)],
        )


def _curves(name: str, values: np.ndarray, last: int) -> dict[str, list[float | None]]:
    """The errors up to the last layer that the network has, and those beyond, which begin there."""
    own, beyond = values.tolist(), values.tolist()
    own[last + 1 :] = [None] * (len(own) - last - 1)
    beyond[:last] = [None] * last
    return {name: own} if len(values) == last + 1 else {name: own, f"{name}, further loops": beyond}


def _finite(depths: list[np.ndarray]) -> int:
    """How many depths there are before the stream overflows."""
    return next((depth for depth, h in enumerate(depths) if not np.isfinite(h).all()), len(depths))


def _with_bias(states: np.ndarray) -> np.ndarray:
    """The states with a 1 beside them."""
    return np.concatenate([states, np.ones_like(states[..., :1])], axis=-1)


def _fitted(states: list[np.ndarray], prompts: Prompts) -> list[np.ndarray]:
    """The linear read-out of each layer, by least squares over the scored points."""
    at = list(prompts.task.scored_points.positions)
    targets = prompts.ys[:, at].reshape(-1, prompts.ys.shape[2]).astype(np.float64)
    rows = [_with_bias(h[:, at]).reshape(len(targets), -1) for h in states]
    return [np.linalg.lstsq(row, targets, rcond=None)[0] for row in rows]


def _sums(answers: list[np.ndarray], targets: np.ndarray, scored: ScoredPoints) -> np.ndarray:
    return np.column_stack([scored_sums(squared_errors(answer, targets), scored) for answer in answers])


def _rise(errors: Float[np.ndarray, "rows depths"]) -> Float[np.ndarray, " rows"]:
    """The largest rise from a depth to a later one, 0 where there is none."""
    return (errors - np.minimum.accumulate(errors, axis=1)).max(axis=1)
