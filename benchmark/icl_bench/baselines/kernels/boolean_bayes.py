"""The posterior over enumerated Boolean functions along many prompts.

Hypotheses that the context has ruled out are dropped, so that most of a prompt is followed with a few.
"""

import numba
import numpy as np

from icl_bench.compiled import compiled


def _bit(words, code):
    return (words[code >> 6] >> np.uint64(code & 63)) & np.uint64(1)


def _draw(logs, i, code, sets, drawn, given, log_inputs):
    """Add to `logs` how likely each source draws the input `code` at place i, in units of the uniform
    distribution over the inputs, whose number has the logarithm `log_inputs`."""
    for source in range(len(logs)):
        if i < given.shape[1] and given[source, i] >= 0:
            logs[source] += log_inputs if given[source, i] == code else -np.inf
        else:
            logs[source] += drawn[source, _bit(sets[source], code)]


def _posterior_means(codes, ys, tables, prior, source, sets, drawn, given, log_inputs, predictions):
    """Write predictions (batch, points), 0 on entry, for the inputs `codes` and targets ys of that shape.

    tables (hypotheses, words) and prior, source (hypotheses,): truth tables as bits, their weights, and the
    source of each one's inputs. sets (sources, words), drawn (sources, 2): the logarithm of how likely x is
    outside of a source's set and in it. given (sources, places): inputs that a source gives first.
    """
    batch, points = codes.shape
    for prompt in numba.prange(batch):
        alive = np.arange(len(prior)).astype(np.int32)
        count = len(alive)
        logs, scale = np.zeros(len(sets)), np.empty(len(sets))
        for i in range(points):
            code = codes[prompt, i]
            _draw(logs, i, code, sets, drawn, given, log_inputs)
            best = -np.inf
            for place in range(count):
                best = max(best, logs[source[alive[place]]])
            if best == -np.inf:  # and no longer context has a hypothesis
                break
            for s in range(len(logs)):
                scale[s] = np.exp(logs[s] - best)
            label, kept = ys[prompt, i], 0
            total, signed = 0.0, 0.0
            for place in range(count):
                hypothesis = alive[place]
                value = 1.0 if _bit(tables[hypothesis], code) else -1.0
                weight = prior[hypothesis] * scale[source[hypothesis]]
                total += weight
                signed += weight * value
                if value == label:
                    alive[kept] = hypothesis
                    kept += 1
            predictions[prompt, i] = signed / total
            count = kept


_bit = compiled(_bit)
_draw = compiled(_draw)
posterior_means = compiled(_posterior_means, parallel=True)
