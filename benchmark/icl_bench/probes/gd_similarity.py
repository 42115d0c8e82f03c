"""Whether a context changes hidden states as gradient steps on the same examples do."""

from typing import ClassVar, Literal

import numpy as np

from icl_bench.probes.base import PROBES, Probe, Subject
from icl_bench.scoring.scores import interval_estimate
from icl_bench.specs.probe_record import Finding

PROMPTS = 32  # the first of the task


@PROBES.register
class GDSimilarity(Probe):
    """After "In-context learning and gradient descent revisited" (arXiv 2311.07772).

    The state of the last query after each layer, when it is asked alone, changes when the examples stand
    before it, and changes when the weights take a step of gradient descent on the examples, each asked alone.
    The similarity of layer l is the cosine of the two changes. In the layer-causal variant each layer takes
    a step on the loss of its own answer, given the layers below as they are after theirs, so that no
    information comes from above. The control is the same network with untrained weights: similarity that an
    untrained network has as well says nothing of an algorithm that was learned. It is one draw of initial
    weights, and the interval is over prompts alone. With learned positions the query stands at another
    position alone than after examples, and the change has that difference in it, for the control too. A step
    moves the weights by 1% of their length. Looped layers count at every application, and one step moves the
    weights of all loops; in the layer-causal variant those of one application alone.
    """

    type: Literal["gd_similarity"] = "gd_similarity"
    place: ClassVar[int] = 5
    heading: ClassVar[str] = "Similarity to gradient descent"
    definition: ClassVar[str] = (
        "The cosine of the change of hidden states that the examples bring and of that which a gradient step "
        "on them brings, averaged over layers, less the same of the network untrained."
    )
    looks_inside: ClassVar[bool] = True
    x_label: ClassVar[str] = "layer"
    y_label: ClassVar[str] = "cosine"

    def measure(self, subject: Subject) -> Finding:
        """The excess over the untrained control, and cosines by layer of both and of the causal variant."""
        from icl_bench.probes.inside.gradient_steps import similarities, untrained

        trained, prompts = subject.network, subject.prompts.part(slice(PROMPTS))
        assert trained is not None, "`run.measure` has seen that there is one"
        values, curves = {}, {}
        pairs = zip(similarities(trained, prompts), similarities(untrained(trained), prompts), strict=True)
        for variant, (learned, control) in zip(("", ", causal"), pairs, strict=True):
            cosines = {"excess": learned - control, "trained": learned, "untrained": control}
            for name, by_layer in cosines.items():
                (mean,), resampled = subject.ratios(by_layer.mean(axis=1)[:, None], np.ones(len(by_layer)))
                values[name + variant] = interval_estimate(float(mean), resampled[:, 0])
                if name != "excess":
                    curves[name + variant] = by_layer.mean(axis=0).tolist()
        layers = range(1, len(trained.steps) + 1)
        return Finding(
            estimate=values["excess"], values=values, curves=curves, x=[float(layer) for layer in layers]
        )
