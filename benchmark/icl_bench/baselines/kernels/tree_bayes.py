"""The posterior over decision trees along many prompts, by dynamic programming over sets of labels.

A tree that fits a context parts no label group: equal labels are one leaf. So every set P of context points
that the recursion meets is a union of whole groups, and is written as an integer whose bit g says that group
g is in it. For a coordinate j, bit g of `mixed[j]` says that j splits group g, and bit g of `right[j]` that
the group (its first point, where it is split) lies above 0. Cutting P at j is allowed where P & mixed[j] is
0, and gives P & right[j] and the rest.

`memo` holds f(P, h) of one context length at a time, in an open-addressed table: rows (P, stamp), where the
stamp is unique to context length and h, so that older rows count as empty.
"""

import numba
import numpy as np

from icl_bench.compiled import compiled

LEVELS = 8  # stamps a context length: one for every height h, and more heights than MAX_DEPTH


def _groups_in(P):
    count = 0
    while P:
        P &= P - 1
        count += 1
    return count


def _slot(P, stamp, keys):
    """Where (P, stamp) is in the table, or the free place where it belongs."""
    last = len(keys) - 1
    mixed_up = (P + stamp) * 0x2545F4914F6CDD1D
    slot = (mixed_up ^ (mixed_up >> 29)) & last
    while keys[slot, 1] // LEVELS == stamp // LEVELS and (keys[slot, 0] != P or keys[slot, 1] != stamp):
        slot = (slot + 1) & last
    return slot


def _mass(P, h, right, mixed, stamp, keys, memo):
    """f(P, h): the share of the trees of depth h that put the groups of P each into a leaf of its own."""
    if P == 0:
        return 1.0
    if _groups_in(P) > 1 << h:
        return 0.0
    if h == 0:
        return 1.0
    slot = _slot(P, stamp + h, keys)
    if keys[slot, 1] == stamp + h:
        return memo[slot]
    total = 0.0
    for j in range(len(right)):
        if P & mixed[j] == 0:
            above = P & right[j]
            part = _mass(above, h - 1, right, mixed, stamp, keys, memo)
            if part > 0.0:
                total += part * _mass(P ^ above, h - 1, right, mixed, stamp, keys, memo)
    total /= len(right)
    slot = _slot(P, stamp + h, keys)  # the recursion may have taken the place that was free
    keys[slot, 0], keys[slot, 1], memo[slot] = P, stamp + h, total
    return total


def _follow(P, h, query, right, mixed, stamp, keys, memo, reached, weights, queue, masses):
    """Add to `masses` what each group's leaf holds of the query: g, from the root down. `query[j]` is whether
    the query lies above 0. What reaches no group is a new leaf, of mean 0.

    `reached` and `weights` are a table of (set, height) as `keys` and `memo`; `queue` lists its places in the
    order in which they were first reached, greatest height first, so that a weight is whole when it is read.
    """
    slot = _slot(P, stamp + h, reached)
    reached[slot, 0], reached[slot, 1], weights[slot], queue[0] = P, stamp + h, 1.0, slot
    done, queued = 0, 1
    while done < queued:
        P, h = reached[queue[done], 0], reached[queue[done], 1] - stamp
        weight = weights[queue[done]] / len(right)
        done += 1
        for j in range(len(right)):
            if P & mixed[j] != 0:
                continue
            above = P & right[j]
            child = above if query[j] else P ^ above
            if child == 0 or _groups_in(child) > 1 << (h - 1):
                continue
            share = weight * _mass(P ^ child, h - 1, right, mixed, stamp, keys, memo)
            if h == 1:
                masses[_groups_in(child - 1)] += share  # of a single bit, its place
            elif share > 0.0:
                slot = _slot(child, stamp + h - 1, reached)
                if reached[slot, 1] != stamp + h - 1:
                    reached[slot, 0], reached[slot, 1], weights[slot] = child, stamp + h - 1, 0.0
                    queue[queued] = slot
                    queued += 1
                weights[slot] += share


def _join(sides, group, is_new, right, mixed):
    """Enter a point that lies above 0 where `sides` is True into its group."""
    bit = np.int64(1) << group
    for j in range(len(right)):
        if is_new:
            if sides[j]:
                right[j] |= bit
        elif sides[j] != (right[j] & bit != 0):
            mixed[j] |= bit


def _posterior_means(sides, labels, ys, depth, slots, predictions):
    """Write predictions (batch, points, k), given ys of the same shape.

    sides (batch, points, d): whether each coordinate lies above 0. labels (batch, points): equal where
    targets are equal, numbered from 0 in the order of their first point. slots: the size of a table, a power
    of 2 above the entries of one context length.
    """
    batch, points, d = sides.shape
    for prompt in numba.prange(batch):
        right, mixed = np.zeros(d, np.int64), np.zeros(d, np.int64)
        keys, memo = np.zeros((slots, 2), np.int64), np.empty(slots)
        reached, weights, queue = np.zeros((slots, 2), np.int64), np.empty(slots), np.empty(slots, np.int64)
        first = np.zeros(1 << depth, np.int64)  # each group's first point
        groups = 0
        for i in range(points):
            everything, stamp = (np.int64(1) << groups) - 1, (i + 1) * LEVELS
            predictions[prompt, i] = 0.0
            total = _mass(everything, depth, right, mixed, stamp, keys, memo)
            if total == 0.0:  # and no longer context is the work of such a tree
                predictions[prompt, i:] = 0.0
                break
            masses = np.zeros(1 << depth)
            query = sides[prompt, i]
            _follow(
                everything, depth, query, right, mixed, stamp, keys, memo, reached, weights, queue, masses
            )
            for group in range(groups):
                predictions[prompt, i] += masses[group] / total * ys[prompt, first[group]]
            label = labels[prompt, i]
            if label >= 1 << depth:
                predictions[prompt, i + 1 :] = 0.0
                break
            if label == groups:
                first[label] = i
            _join(sides[prompt, i], label, label == groups, right, mixed)
            groups = max(groups, label + 1)


_groups_in = compiled(_groups_in)
_slot = compiled(_slot)
_mass = compiled(_mass)
_follow = compiled(_follow)
_join = compiled(_join)
posterior_means = compiled(_posterior_means, parallel=True)
