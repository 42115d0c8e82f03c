"""The order in which a model applies its layers: a looped group is applied again with the same weights."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from icl_bench.specs.architecture import Layer


class Step(NamedTuple):
    """One application of a layer."""

    layer: int  # its place among the layers that have weights of their own
    keeps_input: bool = False  # whether what enters it is kept, to be added before later loops
    adds_input: bool = False  # whether what was kept is added to the stream first


class Stream(NamedTuple):
    """The residual stream between two applications of layers."""

    h: Tensor  # (batch, tokens, width)
    entered: Tensor | None = None  # the stream that entered the latest group with `inject`, of the same shape


def steps_with_further_loops(groups: Sequence[Layer], loops: int) -> tuple[Step, ...]:
    """Those of `steps_of`, and where the last group is looped further loops of it: `loops`, or twice its own
    where that is more.

    After further loops of an earlier group, later ones would be applied to what they do not know.
    """
    *earlier, last = groups
    further = max(loops, 2 * last.loop) if last.looped else last.loop
    return steps_of([*earlier, last.model_copy(update={"loop": further})])


def steps_of(groups: Sequence[Layer]) -> tuple[Step, ...]:
    """Every application of a layer, in the order of computation.

    In a group with `inject` the first loop computes layers(0 + input), and each later one layers(z + input).
    """
    steps: list[Step] = []
    first = 0  # layer of the group
    for group in groups:
        for loop in range(group.loop):
            for place in range(group.repeat):
                injects = group.inject and place == 0
                keeps, adds = injects and loop == 0 and group.loop > 1, injects and loop > 0
                steps.append(Step(first + place, keeps, adds))
        first += group.repeat
    return tuple(steps)
