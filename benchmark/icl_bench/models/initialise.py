"""The one initialisation rule, for every architecture.

- Every linear map and position table: N(0, 2 / (5 · width)), the small initialisation of Nguyen & Salazar
  (2019, arXiv 1910.05895), where `width` is the residual width; biases 0; norms at their identity. At
  GPT-2's width of 768 its standard deviation is 0.023, GPT-2's own is 0.02.
- Maps that write to the residual stream (`out` of every block): divided by √(number of sublayers), as GPT-2
  does (Radford et al. 2019), so that the stream's variance at the end does not grow with depth. A sublayer
  that is applied in several loops counts once a loop.
- What else a module holds (the memory of a mixer, gates, norms) its `reset(generator)` sets, as its authors
  do: these are the component, not a choice of scale.

Two variants that differ in one component therefore differ in nothing else.
"""

import math

import torch
from torch import nn

from icl_bench.models.model import ICLModel


@torch.no_grad()
def initialise(model: ICLModel, generator: torch.Generator) -> None:
    """Set every parameter of `model` in place, drawing from `generator` in the order of its modules.

    Linear maps and tables are drawn first, then each module's `reset` is called.
    """
    deviation = math.sqrt(2 / (5 * model.architecture.width))
    for module in model.modules():
        if isinstance(module, nn.Linear) or getattr(module, "is_table", False):
            module.weight.normal_(0.0, deviation, generator=generator)  # type: ignore[operator]
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.zero_()
    sublayers = len(model.architecture.expanded())
    for name, module in model.named_modules():
        if name.endswith(".module.out") and isinstance(module, nn.Linear):
            module.weight.div_(math.sqrt(sublayers))
        elif reset := getattr(module, "reset", None):
            reset(generator)
