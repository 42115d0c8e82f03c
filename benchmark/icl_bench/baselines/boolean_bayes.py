"""What the exact predictors of Boolean functions share: every hypothesis is followed along the prompt.

A hypothesis is a truth table and a way to draw inputs. Its weight at context length i is its prior times
Π p(x_j | hypothesis) over j ≤ i, the query among them, where the truth table reproduces every y_j, j < i, and
0 elsewhere. The prediction is the weighted mean of the tables at the query.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int8, Int32, UInt64

from icl_bench.baselines.labels import LabelBaseline
from icl_bench.errors import InputError
from icl_bench.specs.suite import TaskSpec

MAX_TABLE_WORDS = 2**20  # of 64 truth values, over all truth tables

Bits = UInt64[np.ndarray, "_ words"]  # truth tables: bit c is the value at input c, whose bit j is x_j > 0


@dataclass(frozen=True)
class Hypotheses:
    """What may have made a prompt: truth tables, priors, and how inputs are drawn.

    A source of inputs draws x, in units of the uniform distribution, with `outside` where x is not in its set
    and with `inside` where it is. The first inputs of a prompt may be given.
    """

    tables: Bits  # (hypotheses, words)
    prior: Float64[np.ndarray, " hypotheses"]
    source: Int32[np.ndarray, " hypotheses"]  # of the inputs
    sets: Bits  # (sources, words)
    outside: Float64[np.ndarray, " sources"]
    inside: Float64[np.ndarray, " sources"]
    # the inputs that a source gives first, as numbers of inputs; −1 where the prompt is drawn from there on
    given: Int32[np.ndarray, "sources given"] | None = None


class BooleanBayes(LabelBaseline):
    """ŷ_i = the mean of the truth tables at x_i, weighed as above; 0 where no hypothesis fits the context.

    A subclass names in `serves` the one function class that it answers, and enumerates its functions.
    """

    @classmethod
    def for_task(cls, task: TaskSpec) -> "BooleanBayes":
        """Reads its sizes from the task; InputError where the task is of another function class."""
        if task.function_class.type != cls.serves:
            raise InputError(
                f"baseline {cls.model_fields['type'].default} answers {cls.serves} only; choose another",
                code="other-task-only",
            )
        sizes = {name: getattr(task.function_class, name) for name in cls.model_fields if name != "type"}
        return cls(**sizes)

    def table_words(self, d: int) -> int:
        """How many words its truth tables hold, before any are made."""
        raise NotImplementedError

    def hypotheses(self, d: int) -> Hypotheses:
        """All that there are for d coordinates; kept from call to call."""
        raise NotImplementedError

    def answers(
        self, xs: Float[np.ndarray, "batch points d"], ys: Float[np.ndarray, "batch points k"]
    ) -> Float[np.ndarray, "batch points k"]:
        """See `kernels.boolean_bayes`. InputError where inputs are not −1 and 1, or too many coordinates."""
        from icl_bench.baselines.kernels.boolean_bayes import posterior_means
        from icl_bench.compiled import call

        self.check_inputs(xs, ys)
        d = xs.shape[2]
        if self.table_words(d) > MAX_TABLE_WORDS:
            raise InputError(
                f"{self.type} would follow too many functions of {d} coordinates; give prompts of fewer",
                code="too-many-hypotheses",
            )
        known = self.hypotheses(d)
        codes = ((xs > 0) << np.arange(d)).sum(axis=2)
        given = np.empty((len(known.sets), 0), np.int32) if known.given is None else known.given
        predictions = np.zeros_like(ys)
        with np.errstate(divide="ignore"):
            logs = np.log(np.stack([known.outside, known.inside], axis=1))
        call(
            posterior_means,
            *(codes, ys[:, :, 0], known.tables, known.prior, known.source),
            *(known.sets, logs, given, d * np.log(2), predictions[:, :, 0]),
        )
        return predictions


def words_of(d: int) -> int:
    """How many words of 64 bits hold one truth table."""
    return -(-(2**d) // 64)


def all_inputs(d: int) -> Int8[np.ndarray, "inputs d"]:
    """Every x of {−1, 1}^d; bit j of its number is x_j > 0."""
    return (2 * (np.arange(2**d)[:, None] >> np.arange(d) & 1) - 1).astype(np.int8)


def packed(tables: Bool[np.ndarray, "hypotheses inputs"]) -> Bits:
    """Truth values as bits, padded to whole words."""
    octets = np.packbits(tables, axis=1, bitorder="little")
    whole = np.zeros((len(octets), -(-octets.shape[1] // 8) * 8), np.uint8)
    whole[:, : octets.shape[1]] = octets
    return whole.view("<u8").astype(np.uint64)


def all_literals(d: int) -> Int8[np.ndarray, "conjunctions d"]:
    """Every set of literals over d coordinates: 1, −1 for a negated one, 0 where it is absent."""
    digits = np.arange(3**d)[:, None] // 3 ** np.arange(d) % 3
    return np.where(digits == 2, -1, digits).astype(np.int8)


def conjunction_tables(literals: Int8[np.ndarray, "conjunctions d"]) -> Bits:
    """The truth tables of conjunctions."""
    inputs = all_inputs(literals.shape[1])
    true = np.ones((len(literals), len(inputs)), bool)
    for own, x in zip(literals.T, inputs.T, strict=True):
        true &= (own == 0)[:, None] | (own[:, None] == x)
    return packed(true)


def literals_prior(
    literals: Int8[np.ndarray, "conjunctions d"], share: tuple[int, int]
) -> Float64[np.ndarray, " conjunctions"]:
    """How likely each set is where a coordinate and its negation have that probability, as a fraction."""
    literal = share[0] / share[1]
    kept = (literals != 0).sum(axis=1)
    return literal**kept * (1 - 2 * literal) ** (literals.shape[1] - kept)


def planted_inside(
    literals: Int8[np.ndarray, "conjunctions d"], share: tuple[int, int]
) -> tuple[Float64[np.ndarray, " conjunctions"], Float64[np.ndarray, " conjunctions"]]:
    """p(x | literals) where a point is planted with that probability, over 2^-d: where not all literals are
    true, and where they are, at one in 2^literals of all inputs."""
    planted = share[0] / share[1]
    inside = (1 - planted) + planted * 2.0 ** (literals != 0).sum(axis=1)
    return np.full(len(literals), 1 - planted), inside


def uniform_hypotheses(tables: Bits, prior: Float64[np.ndarray, " hypotheses"] | None = None) -> Hypotheses:
    """Hypotheses whose inputs are uniform, and say nothing of the function; of equal prior where none is
    given."""
    count, words = tables.shape
    return Hypotheses(
        tables=tables,
        prior=np.ones(count) if prior is None else prior,
        source=np.zeros(count, np.int32),
        sets=np.zeros((1, words), np.uint64),
        outside=np.ones(1),
        inside=np.ones(1),
    )
