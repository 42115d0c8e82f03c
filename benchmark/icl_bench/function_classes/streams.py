"""Random words that are the same on every machine, and the few exact draws made from them.

A stream is named `suite/task/stream`. SHA-256 of the name keys a Philox 4x64-10 generator, and prompt j
reads the counter blocks [j·B, (j+1)·B), B = ceil(words / 4) blocks of four 64-bit words. So prompt j does
not depend on how many prompts are asked for, nor on their order. Only `random_raw` is read: NumPy promises
its words for ever, and does not promise those of its distribution methods.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

import hashlib

import numpy as np
from scipy.special import ndtri

from icl_bench.errors import InputError

GRID = 2.0**-13  # real-valued inputs and parameters are integer multiples of this
GRID_LIMIT = 67_253  # the largest multiple that `grid_normals` can draw (8.21 standard deviations)
SHIFTED_LIMIT = 2**18  # the largest that an input or a weight of a shifted prompt may be: 32

_WORDS_PER_BLOCK = 4
_COUNTERS = 2**256


def raw_words(key: str, start: int, prompts: int, words: int) -> np.ndarray:
    """Words of prompts start … start + prompts − 1 of the stream named `key`: uint64 (prompts, words)."""
    if start < 0 or prompts < 0 or words < 1:
        raise InputError(
            f"stream {key!r}: start {start}, prompts {prompts}, words {words}; none is negative",
            code="negative-range",
        )
    blocks = -(-words // _WORDS_PER_BLOCK)
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    # NumPy counts up before it draws, so it is set one block before the first
    counter = (start * blocks - 1) % _COUNTERS
    generator = np.random.Philox(key=int.from_bytes(digest[:16], "little"), counter=counter)
    drawn = generator.random_raw(prompts * blocks * _WORDS_PER_BLOCK)
    return drawn.reshape(prompts, blocks * _WORDS_PER_BLOCK)[:, :words]


def uniforms(raw: np.ndarray) -> np.ndarray:
    """Uniform numbers strictly inside (0, 1) and symmetric about 1/2, one a word: float64 of the same shape,
    odd multiples of 2^-53 made of a word's top 52 bits."""
    return ((raw >> np.uint64(12) << np.uint64(1)) | np.uint64(1)).astype(np.float64) * 2.0**-53


def grid_normals(raw: np.ndarray) -> np.ndarray:
    """Standard normals in units of 2^-13, one a word: odd int64 of the same shape, so never 0.

    The inverse normal CDF of a uniform number is put at the middle of its cell of width 2^-12. The rounding
    hides last-digit differences of `ndtri` between platforms.
    """
    cell = np.floor(ndtri(uniforms(raw)) * 2.0**12).astype(np.int64)
    return 2 * cell + 1


def on_grid(units: np.ndarray) -> np.ndarray:
    """Integers in units of 2^-13 as the float32 numbers that they stand for, exactly."""
    return (units * GRID).astype(np.float32)


def rounded_to_grid(values: np.ndarray) -> np.ndarray:
    """Real numbers as the nearest odd multiples of 2^-13, float32: what `grid_normals` draws are such ones.

    The rounding hides last-digit differences between platforms of what the numbers were computed by.
    """
    return on_grid(2 * np.floor(values / (2 * GRID)) + 1)


def grid_units(values: np.ndarray, limit: int = SHIFTED_LIMIT) -> np.ndarray:
    """The inverse of `on_grid`, as float64 that holds integers. InputError where a value is off the grid, or
    larger than so many units."""
    units = values.astype(np.float64) / GRID
    if not (np.abs(units) <= limit).all() or (units != np.rint(units)).any():
        raise InputError(
            f"targets are exact only for numbers that are multiples of 2^-13 and below {limit * GRID:.3g} in "
            "size; round them to that grid, or take them from the function class",
            code="off-the-grid",
        )
    return units


def uniform_rotations(raw: np.ndarray, d: int) -> np.ndarray:
    """Orthogonal matrices, uniform over all of them, float64 (prompts, d, d), one from d² words each.

    The Q of a QR decomposition of normals, its columns with the signs of R's diagonal (Mezzadri 2007, "How to
    generate random matrices from the classical compact groups"). Its last digits may differ between
    platforms: what is computed by it is rounded to the grid.
    """
    Q, R = np.linalg.qr(grid_normals(raw).reshape(len(raw), d, d) * GRID)
    return Q * np.sign(np.diagonal(R, axis1=1, axis2=2))[:, None]


def uniform_index(raw: np.ndarray, n: int) -> np.ndarray:
    """Uniform integers in [0, n), n < 2^32, one a word: floor(raw · n / 2^64) in integers alone, int64."""
    bits = n.bit_length() - 1
    if bits and n == 1 << bits:  # the topmost bits are the same number, sooner
        return (raw >> np.uint64(64 - bits)).astype(np.int64)
    high, low = raw >> np.uint64(32), raw & np.uint64(0xFFFFFFFF)
    n64 = np.uint64(n)
    return ((high * n64 + (low * n64 >> np.uint64(32))) >> np.uint64(32)).astype(np.int64)


def random_subset(raw: np.ndarray, n: int) -> np.ndarray:
    """A uniform subset of range(n) a row, from raw (prompts, size): int64 (prompts, size), ascending."""
    prompts, size = raw.shape
    order = np.tile(np.arange(n), (prompts, 1))
    rows = np.arange(prompts)
    for place in range(size):  # the first `size` steps of a Fisher–Yates shuffle
        other = place + uniform_index(raw[:, place], n - place)
        order[rows, place], order[rows, other] = order[rows, other], order[rows, place]
    return np.sort(order[:, :size], axis=1)


def sign_words(count: int) -> int:
    """How many words hold `count` signs."""
    return -(-count // 64)


def signs(raw: np.ndarray, count: int) -> np.ndarray:
    """Signs −1 or 1, one a bit from the lowest up: int8 (prompts, count), raw (prompts, …)."""
    octets = np.ascontiguousarray(raw).astype("<u8", copy=False).view(np.uint8)
    bits = np.unpackbits(octets, axis=1, count=count, bitorder="little").astype(np.int8)
    return 2 * bits - 1


def sphere(units: np.ndarray) -> np.ndarray:
    """Uniform points on the sphere of radius sqrt(d) from grid normals (…, d) in units: float32, same shape.

    The sum of squares is an exact integer; then one division, one square root, one product and the rounding
    to float32 follow, each correctly rounded by IEEE 754, so the bits are the same everywhere.
    """
    squares = (units * units).sum(axis=-1, keepdims=True)
    return (units * np.sqrt(units.shape[-1] / squares)).astype(np.float32)
