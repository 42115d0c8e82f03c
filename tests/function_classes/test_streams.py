"""The random words are Philox's own, and the draws made from them are exact."""

import hashlib
from collections import Counter
from fractions import Fraction
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raising import raises

from icl_bench.errors import InputError
from icl_bench.function_classes.streams import (
    GRID,
    GRID_LIMIT,
    grid_normals,
    grid_units,
    on_grid,
    random_subset,
    raw_words,
    signs,
    sphere,
    uniform_index,
)

WORD = 2**64
words = st.integers(0, WORD - 1)


def philox(counter: int, key: int) -> list[int]:
    """Philox 4x64-10 as published (Salmon et al. 2011): four words of one counter block."""
    c = [counter >> (64 * i) & WORD - 1 for i in range(4)]
    k = [key & WORD - 1, key >> 64]
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [b >> 64 ^ c[1] ^ k[0], b & WORD - 1, a >> 64 ^ c[3] ^ k[1], a & WORD - 1]
        k = [(k[0] + 0x9E3779B97F4A7C15) % WORD, (k[1] + 0xBB67AE8584CAA73B) % WORD]
    return c


def array(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def test_the_reference_generator_gives_the_published_vectors():
    assert philox(0, 0) == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    ones = [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0]
    assert philox(2**256 - 1, 2**128 - 1) == ones


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 13])
def test_prompt_j_owns_its_counter_blocks(count):
    key = int.from_bytes(hashlib.sha256(b"a/b/c").digest()[:16], "little")
    blocks = -(-count // 4)
    expected = [
        [word for block in range(j * blocks, (j + 1) * blocks) for word in philox(block, key)][:count]
        for j in range(6)
    ]
    assert raw_words("a/b/c", 0, 6, count).tolist() == expected
    assert raw_words("a/b/c", 2, 3, count).tolist() == expected[2:5]


def test_another_name_is_another_stream():
    streams = [
        raw_words(key, 0, 100, 4).tobytes() for key in ("s/t/eval", "s/t/dev", "s/t/train/0", "s/u/eval")
    ]
    assert len(set(streams)) == len(streams)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].tolist()
    raw_words("a", 0, 100, 100)
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize(("start", "prompts", "count"), [(-1, 1, 1), (0, -1, 1), (0, 1, 0)])
def test_a_negative_range_is_refused(start, prompts, count):
    with raises(InputError, "negative-range", naming="'a'"):
        raw_words("a", start, prompts, count)


@given(st.lists(words, min_size=1, max_size=20))
def test_normals_are_the_nearest_grid_cells_of_the_inverse_cdf(raw):
    """Against the standard library's own inverse CDF, which agrees to better than a grid cell."""
    units = grid_normals(array(*raw))
    for word, unit in zip(raw, units.tolist(), strict=True):
        exact = NormalDist().inv_cdf((2 * (word >> 12) + 1) / 2**53)
        assert unit % 2 == 1
        assert abs(unit * GRID - exact) <= 2.0**-13 * (1 + 1e-6)


@given(words)
def test_normals_are_symmetric(word):
    assert grid_normals(array(word))[0] == -grid_normals(array(WORD - 1 - word))[0]


def test_the_most_extreme_words_stay_on_the_grid():
    units = grid_normals(array(0, WORD - 1))
    assert units.tolist() == [-GRID_LIMIT, GRID_LIMIT]
    assert np.array_equal(grid_units(on_grid(units)), units)


def test_normals_have_the_moments_of_a_standard_normal():
    n = 400_000
    values = grid_normals(raw_words("moments", 0, 1, n)).ravel() * GRID
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((values**power).mean() - moment) < 5 * (variance / n) ** 0.5


def test_neighbouring_draws_are_uncorrelated():
    values = grid_normals(raw_words("moments", 0, 50_000, 8)) * GRID
    correlation = np.corrcoef(np.hstack([values[:-1], values[1:]]), rowvar=False)
    assert np.abs(correlation - np.eye(16)).max() < 5.5 / 50_000**0.5


@pytest.mark.parametrize("value", [2.0**-14, 1e-3, 32.25, np.inf, np.nan])
def test_a_value_off_the_grid_is_refused(value):
    with raises(InputError, "off-the-grid", naming="2^-13"):
        grid_units(np.array([0.5, value], np.float32))


@given(words, st.integers(1, 2**32 - 1))
def test_an_index_is_the_high_word_of_a_product(word, n):
    assert uniform_index(array(word), n)[0] == int(Fraction(word, WORD) * n)


def test_subsets_are_uniform_and_ascending():
    """Pearson's statistic over the C(6, 3) = 20 subsets, against its 0.9999 quantile for 19 degrees."""
    n = 20_000
    counts = Counter(map(tuple, random_subset(raw_words("subsets", 0, n, 3), 6).tolist()))
    assert set(counts) == set(combinations(range(6), 3))
    assert sum((count - n / 20) ** 2 / (n / 20) for count in counts.values()) < 50.8


def test_a_subset_may_be_everything():
    assert random_subset(raw_words("subsets", 0, 3, 4), 4).tolist() == [[0, 1, 2, 3]] * 3


def test_signs_are_the_bits_from_the_lowest_up():
    assert signs(array(0b1011).reshape(1, 1), 5).tolist() == [[1, 1, -1, 1, -1]]
    assert signs(array(0, 1).reshape(1, 2), 66).tolist() == [[-1] * 64 + [1, -1]]


def test_sphere_points_are_rounded_once():
    """Within one float32 step of n · sqrt(d / Σ n²), squared so that rational arithmetic is exact."""
    units = grid_normals(raw_words("sphere", 0, 50, 6))
    for row, point in zip(units.tolist(), sphere(units), strict=True):
        squares = sum(n * n for n in row)
        for n, value in zip(row, point, strict=True):
            low, high = (Fraction(float(np.nextafter(abs(value), np.float32(end)))) for end in (0, 9))
            assert low**2 < Fraction(n * n * 6, squares) < high**2
            assert np.sign(n) == np.sign(value)
