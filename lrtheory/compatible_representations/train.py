r"""Small encoders on growing classes, with prototypes that stay or with learned ones."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._data.network import Network
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, choice, floats, generator, integer, must, open_interval, real
from lrtheory.compatible_representations.simplex import checked_classes, simplex_prototypes
from lrtheory.compatible_representations.theory.geometry import alignment_from_loss

__all__ = ["SmallEncoder", "train"]

Head = Literal["simplex", "learned"]
#: steps of Adam: their size, the two decays, and what keeps a quotient finite
STEP, FIRST, SECOND, TINY = 0.01, 0.9, 0.999, 1e-8
#: rows of a step
BATCH = 64


@result
class SmallEncoder(Result):
    r"""An encoder x -> relu(x A + a) B + b, divided by its norm, and the prototypes of its classes.

    Attributes
    ----------
    layers : list of array
        (A, a) of shape (d + 1, width) and (B, b) of shape (width + 1, features), the offsets in the last row.
    prototypes : array of shape (n_classes, features)
        Unit rows w_y.
    head : {"simplex", "learned"}
        Whether the prototypes are fixed or were trained.
    scale : float
        Factor of the cosines in the softmax.
    loss : float
        Mean cross-entropy of the training rows, in natural logarithms.
    alignment : float
        Mean cosine of the features of the training rows with their prototypes.
    alignment_bound : float or None
        Least alignment that the loss allows (statement SX-13); None for learned prototypes.
    losses, alignments : float64 array of shape (epochs,)
        Both after each epoch.
    """

    layers: list[np.ndarray]
    prototypes: np.ndarray
    head: Head
    scale: float
    loss: float
    alignment: float
    alignment_bound: float | None
    losses: np.ndarray
    alignments: np.ndarray

    def features(self, X: ArrayLike) -> np.ndarray:
        """Encode inputs.

        Parameters
        ----------
        X : array of shape (n, d)
            Inputs.

        Returns
        -------
        float64 array of shape (n, features)
            Rows of norm 1; a zero stays zero.

        Raises
        ------
        TypeError
            If entries are not real numbers.
        ValueError
            If the width is another one, or an entry is not finite.
        """
        given = floats("X", to_numpy(X), shape=(None, len(self.layers[0]) - 1)).astype(np.float64)
        return _unit(_network(self.layers).logits(given))[0]


@arrays("host")
def train(
    X: ArrayLike,
    y: ArrayLike,
    *,
    n_classes: int,
    head: Head = "simplex",
    width: int = 64,
    epochs: int = 60,
    scale: float = 8.0,
    init: SmallEncoder | None = None,
    rng: Rng = None,
) -> SmallEncoder:
    r"""Train a small encoder whose features are drawn to the prototypes of their classes.

    With the simplex, every version of the encoder is drawn to the same vertices, so its features stay comparable with
    those of earlier ones. Classes that come later take free vertices: `n_classes` may be larger than their number is
    today.

    Arrays: any (copied to the host)

    Parameters
    ----------
    X : array of shape (n, d)
        Inputs.
    y : int array of shape (n,)
        Classes, from 0 to n_classes - 1.
    n_classes : int
        Prototypes, at least 2.
    head : {"simplex", "learned"}
        Prototypes on the vertices of `simplex_prototypes`, or learned with the encoder.
    width : int
        Hidden units.
    epochs : int
        Passes over the rows.
    scale : float
        Factor of the cosines in the softmax.
    init : SmallEncoder, optional
        Encoder to go on from; by default weights are drawn anew. A learned head keeps the prototypes of its classes.
    rng : int, SeedSequence, Generator or None
        Source of first weights and of the order of rows.

    Returns
    -------
    SmallEncoder
        The trained encoder; an interrupt leaves none.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If shapes do not fit, a class is out of range, or `init` has another width, other inputs or another head.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.eye(3)[y] + 0.1 * draws.normal(size=(60, 3))
    >>> encoder = train(X, y, n_classes=3, width=8, epochs=30, rng=0)
    >>> bool(encoder.alignment_bound <= encoder.alignment), bool(encoder.alignment > 0.8)
    (True, True)
    """
    rows = floats("X", X, shape=(None, None)).astype(np.float64)
    if 0 in rows.shape:
        raise must("X", "a matrix with rows and columns", rows.shape)
    K = checked_classes(n_classes)
    choice("head", head, ("simplex", "learned"))
    targets = array("y", y, shape=(len(rows),), low=0, high=K - 1)
    if (targets != np.floor(targets)).any():
        raise must("y", "whole numbers of classes", float(targets[targets != np.floor(targets)][0]))
    classes = targets.astype(np.int64)
    hidden, passes = integer("width", width, low=1), integer("epochs", epochs, low=1)
    factor = open_interval("scale", real("scale", scale), 0, float("inf"))
    draws = generator(rng)
    network, W = _start(init, head, (rows.shape[1], hidden, K), draws)
    steps = _Adam([*network.layers, *([W] if head == "learned" else [])])
    losses, alignments = np.empty(passes), np.empty(passes)
    for epoch in range(passes):
        order = draws.permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            some = order[start : start + BATCH]
            steps.step(_gradients(network, W, rows[some], classes[some], factor, head))
            if head == "learned":
                W[:] = _unit(W)[0]
        losses[epoch], alignments[epoch] = _judged(network, W, rows, classes, factor)
    is_bound = head == "simplex" and losses[-1] > 0
    return SmallEncoder(
        layers=network.layers,
        prototypes=W,
        head=head,
        scale=factor,
        loss=float(losses[-1]),
        alignment=float(alignments[-1]),
        alignment_bound=alignment_from_loss(float(losses[-1]), n_classes=K) / factor if is_bound else None,
        losses=losses,
        alignments=alignments,
    )


def _start(
    init: Any, head: Head, sizes: tuple[int, int, int], draws: np.random.Generator
) -> tuple[Network, np.ndarray]:
    """The network and the prototypes before the first step."""
    inputs, hidden, K = sizes
    network = Network((inputs, hidden, K - 1), draws, np.dtype(np.float64))
    W = simplex_prototypes(K) if head == "simplex" else _unit(draws.normal(size=(K, K - 1)))[0]
    if init is None:
        return network, W
    if not isinstance(init, SmallEncoder):
        raise must("init", "a SmallEncoder or None", init, TypeError)
    if init.head != head:
        raise must("init", f"an encoder with the head {head!r}", init.head)
    had = init.layers[0].shape[0] - 1, init.layers[0].shape[1]
    if had != (inputs, hidden):
        raise must("init", f"an encoder of {inputs} inputs and width {hidden}", had)
    known, features = init.prototypes.shape
    if known > K or (head == "simplex" and known != K):
        raise must("init", f"an encoder of {K} classes" + (" or fewer" if head == "learned" else ""), known)
    network.layers[0][:] = init.layers[0]
    network.layers[1][:, :features] = init.layers[1]  # new dimensions begin as they were drawn
    if head == "learned":
        W[:known, :features], W[:known, features:] = init.prototypes, 0
    return network, W


def _network(layers: list[np.ndarray]) -> Network:
    """The layers as a network."""
    network = Network.__new__(Network)
    network.layers = layers
    return network


def _unit(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of norm 1, and what their norms were; a zero stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows / np.where(lengths > 0, lengths, 1.0), lengths


def _softmax(cosines: np.ndarray, classes: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The losses of all rows, and the probabilities minus 1 at the classes."""
    own = np.arange(len(classes))
    logits = scale * (cosines - cosines[own, classes][:, None])  # that of the class is 0
    top = logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - top)
    totals = powers.sum(axis=1)
    others = totals - powers[own, classes]
    losses = np.where(top[:, 0] == 0, np.log1p(others), np.log(totals) + top[:, 0])
    back = powers / totals[:, None]
    back[own, classes] = -others / totals
    return losses, back


def _gradients(
    network: Network, W: np.ndarray, X: np.ndarray, y: np.ndarray, scale: float, head: Head
) -> list[np.ndarray]:
    """Gradients of the mean cross-entropy, for both layers and for learned prototypes."""
    inputs = network.inputs(X)
    u, lengths = _unit(inputs[-1] @ network.layers[-1])
    back = _softmax(u @ W.T, y, scale)[1] * (scale / len(y))
    pull = back @ W
    pull -= np.einsum("ij,ij->i", pull, u)[:, None] * u  # what is left of a step after the division by the norm
    pull /= np.where(lengths > 0, lengths, 1.0)
    hidden = (pull @ network.layers[1][:-1].T) * (inputs[1][:, :-1] > 0)
    return [inputs[0].T @ hidden, inputs[1].T @ pull, *([back.T @ u] if head == "learned" else [])]


def _judged(network: Network, W: np.ndarray, X: np.ndarray, y: np.ndarray, scale: float) -> tuple[float, float]:
    """Mean cross-entropy and mean alignment of all rows."""
    cosines = _unit(network.logits(X))[0] @ W.T
    return float(_softmax(cosines, y, scale)[0].mean()), float(cosines[np.arange(len(y)), y].mean())


class _Adam:
    """Steps of Adam (Kingma and Ba, ICLR 2015) on arrays in place."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        self.weights = weights
        self.means = [np.zeros_like(one) for one in weights]
        self.squares = [np.zeros_like(one) for one in weights]
        self.n = 0

    def step(self, gradients: list[np.ndarray]) -> None:
        """Take a step against these gradients."""
        self.n += 1
        rate = STEP * np.sqrt(1 - SECOND**self.n) / (1 - FIRST**self.n)
        for weight, gradient, mean, square in zip(self.weights, gradients, self.means, self.squares, strict=True):
            mean += (1 - FIRST) * (gradient - mean)
            square += (1 - SECOND) * (gradient * gradient - square)
            weight -= rate * mean / (np.sqrt(square) + TINY)
