"""The recurrent network in integers: products, normalization, gates, scores and votes; every quotient is a floor.

Weights lie in one array of eight bits. A row of ``layout`` says where a layer begins, and how many inputs n and outputs
m it has; its entry (j, i) is at ``begin + j m + i``. Layers are the embedding, ten of each block, the last norm and the
head, see `IntegerRNN`. Noise of a layer begins at a place of ``starts``: n rows of B, then m rows of A. Interpreted and
compiled kernels give the same bits: activations are held in 32 bits, low-rank sums in 64.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["evaluate", "log_sum", "move", "multiply", "project", "run", "score", "spread", "tally"]


@kernel(nogil=True)
def clip(value):
    """Clip to 127 in absolute value, so that a sign can always be changed."""
    return min(127, max(-127, value))


@kernel(nogil=True)
def quotient(value, divisor, inverse):
    """Return clip(value // divisor), with ``inverse`` = 2^28 // divisor + 1; EI-2b says up to which divisor."""
    low = -127 * divisor
    inside = min(127 * divisor, max(low, value)) - low
    return (inside * inverse >> 28) - 127


@kernel(nogil=True)
def is_clipped(value, divisor):
    """Decide whether value // divisor is above 127 in absolute value."""
    return value < -127 * divisor or value >= 128 * divisor


@kernel(nogil=True)
def project(x, B, inner):
    """Set ``inner`` to x B, in 64 bits."""
    for k in range(len(inner)):
        total = 0
        for j in range(len(x)):
            total += x[j] * B[j, k]
        inner[k] = total


@kernel(nogil=True)
def spread(inner, A, outer):
    """Set ``outer`` to (x B) A^T from ``inner`` = x B, in 64 bits."""
    outer[: len(A)] = 0
    for k in range(len(inner)):
        for i in range(len(A)):
            outer[i] += inner[k] * A[i, k]


@kernel(nogil=True)
def multiply(w, layer, divisor, x, noise, start, rank, sign, shift, sums, inner, outer, y):
    """Set y to clip((x W + (sign (x B) A^T >> shift)) // (16 divisor)), and count what was clipped."""
    n, m = layer[1], layer[2]
    W = w[layer[0] : layer[0] + n * m].reshape(n, m)  # indices of tables that begin at 0 are never negative
    sums[:m] = 0
    for j in range(0, n - n % 4, 4):  # four rows at once, since short loops take as long to begin as to run
        x0, x1, x2, x3 = x[j], x[j + 1], x[j + 2], x[j + 3]
        for i in range(m):
            sums[i] += x0 * W[j, i] + x1 * W[j + 1, i] + x2 * W[j + 2, i] + x3 * W[j + 3, i]
    for j in range(n - n % 4, n):
        for i in range(m):
            sums[i] += x[j] * W[j, i]
    if sign != 0:
        factors = noise[start : start + (n + m) * rank].reshape(n + m, rank)
        project(x, factors[:n], inner)
        spread(inner, factors[n:], outer)
    clipped, inverse = 0, (1 << 28) // divisor + 1
    for i in range(m):
        value = np.int64(sums[i])
        if sign != 0:
            value += sign * outer[i] >> shift
        value >>= 4
        y[i] = quotient(value, divisor, inverse)
        clipped += is_clipped(value, divisor)
    return clipped


@kernel(nogil=True)
def read_row(w, layer, j, noise, start, rank, sign, shift, inner, outer, y):
    """Set y to row j of a layer with its noise, without clipping."""
    begin, n, m = layer[0] + j * layer[2], layer[1], layer[2]
    if sign != 0:
        factors = noise[start : start + (n + m) * rank].reshape(n + m, rank)
        for k in range(rank):
            inner[k] = factors[j, k]
        spread(inner, factors[n:], outer)
    for i in range(m):
        y[i] = w[begin + i]
        if sign != 0:
            y[i] += sign * outer[i] >> shift


@kernel(nogil=True)
def normalize(x, scale, y):
    """Set y to clip(x scale // a), with a the mean absolute value of x, or 1 where that is 0."""
    total = 0
    for i in range(len(x)):
        total += abs(x[i])
    a = max(1, int(total) // len(x))
    clipped, inverse = 0, (1 << 28) // a + 1
    for i in range(len(x)):
        value = np.int64(x[i]) * scale[i]
        y[i] = quotient(value, a, inverse)
        clipped += is_clipped(value, a)
    return clipped


@kernel(nogil=True)
def add(x, y, z):
    """Add two arrays to x and clip."""
    clipped = 0
    for i in range(len(x)):
        value = x[i] + y[i] + z[i]
        x[i] = clip(value)
        clipped += x[i] != value
    return clipped


@kernel(nogil=True)
def run(w, layout, divisors, tokens, noise, starts, rank, sign, shift, logits):
    """Set row t of ``logits`` to those after tokens 0 to t, and return how many activations were clipped.

    A sign of 1 or -1 is that of a member of a pair; 0 reads no noise.
    """
    last, d = len(layout) - 1, layout[0, 2]
    wide = max(4 * d, logits.shape[1])  # of the widest layer within a block, and of the head
    vectors = np.zeros((len(layout), d), np.int32)
    inner, outer, sums = np.zeros(rank, np.int64), np.zeros(wide, np.int64), np.zeros(wide, np.int32)
    h = np.zeros(((last - 2) // 10, d), np.int32)
    x, y, f, p, c, u, nothing = [np.zeros(d, np.int32) for _ in range(7)]
    v, row = np.zeros(4 * d, np.int32), np.zeros(logits.shape[1], np.int32)
    for layer in range(1, last):
        place = (layer - 1) % 10  # norms and biases of a block, and the last norm, are vectors
        if place == 0 or place == 3 or place == 6 or place == 7:
            read_row(w, layout[layer], 0, noise, starts[layer], rank, sign, shift, inner, outer, vectors[layer])
    clipped = 0
    for t in range(len(logits)):
        read_row(w, layout[0], tokens[t], noise, starts[0], rank, sign, shift, inner, outer, x)
        clipped += add(x, nothing, nothing)
        for block in range(len(h)):
            first, state = 1 + 10 * block, h[block]
            clipped += normalize(x, vectors[first], y)
            for part in range(2):  # the forget gate, then the candidate, whose state is gated
                g, layer = (f, first + 1) if part == 0 else (c, first + 4)
                for i in range(d):
                    p[i] = state[i] if part == 0 else ((f[i] + 127) * state[i]) >> 8
                clipped += multiply(
                    w, layout[layer], divisors[layer], y, noise, starts[layer], rank, sign, shift, sums, inner, outer, g
                )
                layer += 1
                clipped += multiply(
                    w, layout[layer], divisors[layer], p, noise, starts[layer], rank, sign, shift, sums, inner, outer, u
                )
                clipped += add(g, u, vectors[layer + 1])
            for i in range(d):
                state[i] += ((f[i] + 127) * (c[i] - state[i])) >> 8
            clipped += add(x, state, nothing)
            clipped += normalize(x, vectors[first + 7], y)
            layer = first + 8
            clipped += multiply(
                w, layout[layer], divisors[layer], y, noise, starts[layer], rank, sign, shift, sums, inner, outer, v
            )
            layer += 1
            clipped += multiply(
                w, layout[layer], divisors[layer], v, noise, starts[layer], rank, sign, shift, sums, inner, outer, u
            )
            clipped += add(x, u, nothing)
        clipped += normalize(x, vectors[last - 1], y)
        clipped += multiply(
            w, layout[last], divisors[last], y, noise, starts[last], rank, sign, shift, sums, inner, outer, row
        )
        for i in range(len(row)):
            logits[t, i] = row[i]
    return clipped


@kernel(nogil=True)
def log_sum(total, logarithms):
    """Return floor(16 log2(total / 16)), the last row of the table that is not above the total."""
    low, high = 0, len(logarithms)
    while high - low > 1:
        middle = (low + high) // 2
        if logarithms[middle] <= total:
            low = middle
        else:
            high = middle
    return low


@kernel(nogil=True)
def score(logits, target, powers, logarithms):
    """Return the score of a symbol in sixteenths of a bit: 16 log2 of its probability, and up to 2.03 more."""
    total = 0
    for i in range(len(logits)):
        total += powers[int(logits[i]) + 128]
    return int(logits[target]) + 128 - log_sum(total, logarithms)


@kernel(nogil=True)
def evaluate(w, layout, divisors, texts, noise, starts, rank, shift, powers, logarithms, begin, end, scores, clipped):
    """Score members ``begin`` to ``end``, of which 2p and 2p + 1 read row p of the texts with opposite signs."""
    logits = np.zeros((texts.shape[1] - 1, layout[len(layout) - 1, 2]), np.int8)
    for member in range(begin, end):
        pair = member // 2
        tokens, sign = texts[pair], 1 - 2 * (member % 2)
        clipped[member] = run(w, layout, divisors, tokens, noise, starts[pair], rank, sign, shift, logits)
        scores[member] = 0
        for t in range(len(logits)):
            scores[member] += score(logits[t], tokens[t + 1], powers, logarithms)


@kernel(nogil=True)
def tally(layout, noise, starts, signs, rank, votes):
    """Add sign times B A^T of every pair to the votes, which lie as the weights do."""
    for pair in range(len(signs)):
        if signs[pair] != 0:
            for layer in range(len(layout)):
                begin, n, m = layout[layer, 0], layout[layer, 1], layout[layer, 2]
                start = starts[pair, layer]
                for j in range(n):
                    for k in range(rank):
                        b = np.int64(noise[start + j * rank + k]) * signs[pair]
                        for i in range(m):
                            votes[begin + j * m + i] += b * noise[start + (n + i) * rank + k]


@kernel(nogil=True)
def move(w, votes, bound, new):
    """Move weights by the sign of their votes where 16 times the absolute value reaches the bound, and count moves."""
    moved = 0
    for i in range(len(w)):
        step = 0
        if abs(votes[i]) * 16 >= bound and votes[i] != 0:
            step = 1 if votes[i] > 0 else -1
        new[i] = clip(int(w[i]) + step)
        moved += new[i] != w[i]
    return moved
