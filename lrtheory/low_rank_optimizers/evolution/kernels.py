r"""Random factors from counters, and the inner loop of a forward pass.

Each entry of a factor is a function of seed, step, layer, side and pair, and nothing is carried on. The generator is
Philox4x32-10 [1]_: ten rounds of two products of 32-bit words turn a counter of four words and a key of two into four
random words. The counter is (block, pair, 2 layer + side, step), side 0 for A and 1 for B, and the key is the seed, so
that two entries never share a word. A sign is one bit. Two normal numbers are made of two words by the transform of Box
and Muller [2]_: the radius is sqrt(-2 log u) with u = (word + 1/2) / 2^32, so that no number exceeds 6.77, as one
in 10^11 is, and the angle is one of 2^32. An angle and the opposite one give exactly opposite numbers, so that the law
is symmetric. Logarithm, sine and cosine are series without branches, so that the loop runs in vector registers; with
the rounding to single precision they are off by less than 3e-7 of the radius. No product is fused with a sum there, so
that all processors draw the same bits.

References
----------
.. [1] Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
.. [2] Box, Muller, A note on the generation of random normal deviates, Annals of Mathematical Statistics 29 (1958).
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import flat, kernel

__all__ = ["add_products", "fill_normals", "fill_signs", "philox"]

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ONE_BITS, SIGN_SHIFT, ONE = np.uint32(0x3F800000), np.uint32(31), np.uint32(1)
#: the bits of 1/sqrt(2) in double precision
ROOT_HALF, LOG_4 = np.int64(0x3FE6A09E667F3BCD), 1.3862943611198906
QUARTER_HALF, TURN = np.uint32(1 << 29), np.float32(np.pi / 2**31)
#: terms of atanh, of the cosine and of the sine, of which the first that is left out is below 2e-9
A3, A5, A7, A9 = (np.float32(1 / k) for k in (3, 5, 7, 9))
C2, C4, C6, C8 = np.float32(-1 / 2), np.float32(1 / 24), np.float32(-1 / 720), np.float32(1 / 40320)
S3, S5, S7, S9 = np.float32(-1 / 6), np.float32(1 / 120), np.float32(-1 / 5040), np.float32(1 / 362880)
ONE_32, FOUR = np.float32(1), np.float32(4)


@flat
def philox(x0, x1, x2, x3, k0, k1):
    """Return the four words of 32 bits, held in words of 64, that a counter and a key are turned into."""
    for _ in range(10):
        first, second = MULTIPLIER_0 * x0, MULTIPLIER_1 * x2
        x0, x1, x2, x3 = (second >> HALF) ^ x1 ^ k0, second & LOW, (first >> HALF) ^ x3 ^ k1, first & LOW
        k0, k1 = (k0 + WEYL_0) & LOW, (k1 + WEYL_1) & LOW
    return x0, x1, x2, x3


@flat
def words(buffer, pair, stream, step, seed):
    """Fill a buffer of 4 b words of 32 bits: word k of block i goes to k b + i."""
    b = len(buffer) // 4
    k0, k1 = seed & LOW, seed >> HALF
    for i in range(b):
        x0, x1, x2, x3 = philox(np.uint64(i), np.uint64(pair), np.uint64(stream), np.uint64(step), k0, k1)
        buffer[i] = np.uint32(x0)
        buffer[b + i] = np.uint32(x1)
        buffer[2 * b + i] = np.uint32(x2)
        buffer[3 * b + i] = np.uint32(x3)


@flat
def spread(row, buffer):
    """Write the bits of 1.0 or -1.0 in single precision for each random bit."""
    full = len(row) // 32
    for i in range(full):
        word = buffer[i]
        for j in range(32):
            row[32 * i + j] = ONE_BITS | ((word >> np.uint32(j)) << SIGN_SHIFT)
    for j in range(len(row) - 32 * full):
        row[32 * full + j] = ONE_BITS | ((buffer[full] >> np.uint32(j)) << SIGN_SHIFT)


@kernel
def fill_signs(out, stream, step, seed):
    """Fill rows, one a pair, with signs, `out` being a view of single precision as words of 32 bits."""
    buffer = np.empty(4 * ((out.shape[1] + 127) // 128), np.uint32)
    for p in range(len(out)):
        words(buffer, p, stream, step, seed)
        spread(out[p], buffer)


@flat
def radius(word):
    """Return sqrt(-2 log u) for u = (word + 1/2) / 2^32, in single precision."""
    x = np.float64(np.float64(word) + 0.5)  # exact; single precision would round large words to 2^32
    bits = x.view(np.int64)
    e = np.int64((bits - ROOT_HALF) >> np.int64(52))
    m = np.int64(bits - (e << np.int64(52))).view(np.float64)  # x = 2^e m with m in [1/sqrt(2), sqrt(2))
    s = np.float32((m - 1.0) / (m + 1.0))  # log m = 2 atanh s
    z = np.float32(s * s)
    series = A7 + z * A9
    series = A5 + z * series
    series = A3 + z * series
    logarithm = np.float32(s + s * z * series)
    return np.sqrt(np.float32(np.float64(32 - e) * LOG_4) - FOUR * logarithm)


@flat
def circle(word):
    """Return cosine and sine of 2 pi word / 2^32, in single precision."""
    quarter = np.uint32(word + QUARTER_HALF) >> np.uint32(30)
    rest = np.int32(np.uint32(word - np.uint32(quarter << np.uint32(30))))  # from -2^29 to 2^29 - 1
    t = np.float32(np.float32(rest) * TURN)
    z = np.float32(t * t)
    cosine = C6 + z * C8
    cosine = C4 + z * cosine
    cosine = ONE_32 + z * (C2 + z * cosine)
    sine = S7 + z * S9
    sine = S5 + z * sine
    sine = t + t * z * (S3 + z * sine)
    swapped = (quarter & ONE) == ONE
    x = np.float32(sine if swapped else cosine)
    y = np.float32(cosine if swapped else sine)
    flip_x = np.uint32(((quarter + ONE) >> ONE) << SIGN_SHIFT)
    flip_y = np.uint32((quarter >> ONE) << SIGN_SHIFT)
    return np.uint32(x.view(np.uint32) ^ flip_x).view(np.float32), np.uint32(y.view(np.uint32) ^ flip_y).view(
        np.float32
    )


@flat
def transformed(made, buffer):
    """Turn words into normal numbers by pairs, a radius of the first half and an angle of the second half."""
    half = len(made) // 2
    for i in range(half):
        distance = radius(buffer[i])
        cosine, sine = circle(buffer[half + i])
        made[i] = distance * cosine
        made[half + i] = distance * sine


@kernel
def fill_normals(out, stream, step, seed):
    """Fill rows, one a pair, with normal numbers in single precision."""
    length = out.shape[1]
    buffer = np.empty(4 * ((length + 3) // 4), np.uint32)
    made = np.empty(len(buffer), np.float32)
    for p in range(len(out)):
        words(buffer, p, stream, step, seed)
        transformed(made, buffer)
        for i in range(length):
            out[p, i] = made[i]


@flat(fastmath={"contract"})
def set_sum(row, middle, a, z):
    """Set a row to another one plus z times a third one."""
    for j in range(len(row)):
        row[j] = middle[j] + z * a[j]


@flat(fastmath={"contract"})
def add_one(row, a, z):
    """Add z times a row."""
    for j in range(len(row)):
        row[j] += z * a[j]


@flat(fastmath={"contract"})
def add_four(row, a, z0, z1, z2, z3):
    """Add four rows with their weights, so that the sum is read and written once."""
    a0, a1, a2, a3 = a[0], a[1], a[2], a[3]
    for j in range(len(row)):
        row[j] += (z0 * a0[j] + z1 * a1[j]) + (z2 * a2[j] + z3 * a3[j])


@flat
def add_products(out, middle, Z, starts, A, pairs, scales, step, shared):
    """Add scale times z A[pair] to each row of each member, z having r numbers from starts[member] + step row of Z on.

    Where inputs are shared, rows of `middle` are added too, and what `out` holds is not read.
    """
    rank = A.shape[1]
    for i in range(len(out)):
        factor, c = A[pairs[i]], scales[i]
        for b in range(out.shape[1]):
            row, first = out[i, b], starts[i] + step * b
            k = 0
            if shared:
                set_sum(row, middle[b], factor[0], c * Z[first])
                k = 1
            while k + 4 <= rank:
                z = Z[first + k : first + k + 4]
                add_four(row, factor[k : k + 4], c * z[0], c * z[1], c * z[2], c * z[3])
                k += 4
            while k < rank:
                add_one(row, factor[k], c * Z[first + k])
                k += 1
