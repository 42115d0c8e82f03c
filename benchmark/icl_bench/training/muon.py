"""Muon: momentum whose update of a matrix is orthogonalised (Jordan et al. 2024,
kellerjordan.github.io/posts/muon).

torch has `torch.optim.Muon`. This one iterates in float32, because bfloat16 has other bits on every kind of
processor and no fast product on most CPUs, and takes matrices of one shape at once: on one core it takes less
than half the time (`tests/performance/bench.py optimiser`). A test holds both to agree. Matrices may have
leading axes, over which they are separate: those of models that are trained together.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the odd quintic that is iterated, as in torch
ITERATIONS = 5
SMALLEST_NORM = 1e-7
WIDE = 3  # times as many columns as rows, from which the iteration on a CPU is that of Gram matrices


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, its root mean square that of an Adam step (arXiv 2502.16982).

    Of a matrix of m × n the update is 0.2 √max(m, n) times the orthogonalised one, so that rates and weight
    decay mean what they mean for Adam: `adjust_lr_fn="match_rms_adamw"` in torch.
    """

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change every matrix that has a gradient."""
        step_together([self])

    def nesterov(self, matrices: list[Tensor], momentum: float) -> list[Tensor]:
        """The updates before they are orthogonalised; momenta are changed by the gradients."""
        for matrix in matrices:
            if "momentum" not in self.state[matrix]:
                self.state[matrix]["momentum"] = torch.zeros_like(matrix)
        momenta = [self.state[matrix]["momentum"] for matrix in matrices]
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        torch._foreach_lerp_(momenta, gradients, 1 - momentum)  # on a GPU one kernel for many matrices
        return list(torch._foreach_lerp(gradients, momenta, momentum))


@torch.no_grad()
def step_together(optimisers: Iterable[Muon]) -> None:
    """A step of each, all matrices of one shape at once. `lr` is a number, or a tensor without axes."""
    matrices, updates, rates = [], [], []
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            own = [matrix for matrix in group["params"] if matrix.grad is not None]
            if own:
                updates += optimiser.nesterov(own, group["momentum"])
                if group["weight_decay"]:
                    torch._foreach_mul_(own, 1 - group["lr"] * group["weight_decay"])
            matrices += own
            rates += [group["lr"]] * len(own)
    for places, orthogonal in _orthogonalised_by_shape(updates):
        for place, update in zip(places, orthogonal, strict=True):
            _descend(matrices[place], update, rates[place])


def _descend(matrix: Tensor, update: Tensor, rate: float | Tensor) -> None:
    size = 0.2 * math.sqrt(max(matrix.shape[-2:]))
    if isinstance(rate, Tensor):
        matrix.addcmul_(update, rate, value=-size)
    else:
        matrix.add_(update, alpha=-rate * size)


def orthogonalised(matrices: Float[Tensor, "batch rows columns"]) -> Float[Tensor, "batch rows columns"]:
    """U Vᵀ of U Σ Vᵀ, roughly: singular values that were not near 0 end between about 0.7 and 1.2.

    rows ≤ columns. Five steps of a Newton–Schulz iteration (section "Newton-Schulz" of the source).
    """
    a, b, c = COEFFICIENTS
    matrices = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp_min(SMALLEST_NORM)
    if matrices.device.type == "cpu" and matrices.shape[2] >= WIDE * matrices.shape[1]:
        return _iterated_by_gram(matrices)
    for _ in range(ITERATIONS):
        gram = matrices @ matrices.mT
        matrices = torch.baddbmm(matrices, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), matrices, beta=a)
    return matrices


def _iterated_by_gram(matrices: Tensor) -> Tensor:
    """The same steps X ← M X, M = a + b G + c G², G = X Xᵀ ← M G M: the product of all M is applied at once.

    Wide matrices take part in four products instead of ten. X and G are recomputed once, before the last
    two steps: rounding, which G has relative to its largest entries, would else grow with what is small.
    """
    for steps in (ITERATIONS - 2, 2):
        gram = matrices @ matrices.mT
        product = factor = _factor(gram)
        for _ in range(steps - 1):
            gram = factor @ gram @ factor
            factor = _factor(gram)
            product = factor @ product
        matrices = product @ matrices
    return matrices


def _factor(gram: Tensor) -> Tensor:
    a, b, c = COEFFICIENTS
    factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal(dim1=1, dim2=2).add_(a)
    return factor


def _orthogonalised_by_shape(updates: list[Tensor]) -> Iterable[tuple[list[int], list[Tensor]]]:
    """Places in the list and the orthogonalised updates, matrices of one shape (or its transpose) at once."""
    by_shape = defaultdict(list)
    for place, update in enumerate(updates):
        by_shape[*update.shape[:-2], *sorted(update.shape[-2:])].append(place)
    for (*leading, short, long), places in by_shape.items():
        wide = torch.stack([_wide(updates[place]) for place in places])
        orthogonal = orthogonalised(wide.reshape(-1, short, long)).view(len(places), *leading, short, long)
        yield (
            places,
            [
                update.mT if _is_tall(updates[place]) else update
                for place, update in zip(places, orthogonal, strict=True)
            ],
        )


def _is_tall(matrix: Tensor) -> bool:
    return matrix.shape[-2] > matrix.shape[-1]


def _wide(matrix: Tensor) -> Tensor:
    return matrix.mT if _is_tall(matrix) else matrix
