"""Which references differ in which components: the complete design of three, and the mixer hybrids.

Eight references are every combination of LayerNorm or RMSNorm, learned positions or RoPE, GELU or SwiGLU,
from gpt2 to llama: a 2 × 2 × 2 factorial design. Three more have a Mamba mixer in the place of one of
llama's components. What a reference is made of is read from its spec.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from icl_bench.errors import InputError
from icl_bench.models.accounting import components
from icl_bench.models.shipped import REFERENCE, shipped_spec, suite_models
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.suites import Suite


@dataclass(frozen=True)
class Factor:
    """A component: what gpt2 has of it and what llama has."""

    name: str
    low: str
    high: str


FACTORS = (
    Factor("RMSNorm", "layernorm", "rmsnorm"),
    Factor("RoPE", "learned", "rope"),
    Factor("SwiGLU", "gelu_mlp", "swiglu"),
)
Levels = tuple[int, ...]  # -1 or 1 of each factor

TERMS: dict[str, tuple[int, ...]] = {  # main effects and interactions, by the factors that take part
    " × ".join(FACTORS[k].name for k in chosen): chosen
    for chosen in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))
}


@dataclass(frozen=True)
class Design:
    """References by their levels, all eight, and the hybrids that are compared with the one of all highs."""

    models: Mapping[Levels, str]
    hybrids: Sequence[str]

    @property
    def names(self) -> list[str]:
        """The eight models, in the order of the columns of `contrasts`."""
        return list(self.models.values())

    @property
    def full(self) -> str:
        """The model with every factor at its high level: llama."""
        return self.models[(1,) * len(FACTORS)]

    def contrasts(self) -> Float[np.ndarray, "terms models"]:
        """Of each of TERMS, the weights of the models: the mean of four less the mean of the other four."""
        levels = np.array(list(self.models))
        products = [np.prod(levels[:, list(chosen)], axis=1) for chosen in TERMS.values()]
        return np.array(products) / (len(levels) / 2)

    def pairs(self, factor: int) -> list[tuple[str, str]]:
        """The four pairs of models that differ in a factor alone: the one with it, the one without."""
        return [
            (name, self.models[(*levels[:factor], -1, *levels[factor + 1 :])])
            for levels, name in self.models.items()
            if levels[factor] == 1
        ]


def reference_design(suite: Suite) -> Design:
    """The design of a suite's references; InputError where one of the eight is missing."""
    known: dict[Levels, str] = {}
    hybrids = []
    for name in suite_models(suite, [REFERENCE]):
        spec = shipped_spec(name, suite.training_suites[0])
        levels = _levels(spec)
        if levels is not None:
            known[levels] = name
        elif "attention" in str(components(spec)["blocks"]):
            hybrids.append(name)
    every = list(product((-1, 1), repeat=len(FACTORS)))
    missing = [levels for levels in every if levels not in known]
    if missing:
        lacking = [
            ", ".join(
                factor.high if level == 1 else factor.low
                for factor, level in zip(FACTORS, levels, strict=True)
            )
            for levels in missing
        ]
        raise InputError(
            f"{suite.name} has no reference with {' and none with '.join(lacking)}; effects need every "
            "combination: choose mini or paper",
            code="incomplete-design",
        )
    return Design({levels: known[levels] for levels in every}, hybrids)


def _levels(spec: ArchitectureSpec) -> Levels | None:
    """None where a component is neither of the two, or there is another."""
    parts = components(spec)
    blocks = str(parts["blocks"]).split(", ")
    if blocks[0] != "attention" or len(blocks) != 2:
        return None
    levels = []
    for factor, part in zip(FACTORS, (parts["norm"], parts["positions"], blocks[1]), strict=True):
        if part not in (factor.low, factor.high):
            return None
        levels.append(1 if part == factor.high else -1)
    return tuple(levels)
