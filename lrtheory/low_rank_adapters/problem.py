"""Updates of a weight as instances: what an adapter has to reach, and makers of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from os import PathLike

import numpy as np

from lrtheory._files import named_arrays
from lrtheory._result import read_only
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, fits, generator, matrix, must, pair, real

__all__ = ["UpdateProblem", "make_update"]

SPECTRA = ("flat", "power", "spike", "gaussian", "rank-one")
#: size of the noise beside the one large entry of "spike"
NOISE = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class UpdateProblem:
    """A weight and the update that it needs, as a matrix, as inputs and outputs of its layer, or both.

    Parameters
    ----------
    target : array of shape (d_out, d_in), or None
        The update that an adapter shall make; None where only inputs and outputs are known.
    weight : array of shape (d_out, d_in), or None
        The frozen weight; None stands for 0.
    X : array of shape (T, d_in), or None
        Inputs of the layer, one per row.
    Y : array of shape (T, d_out), or None
        Outputs that the layer shall have: the update fits Y - X W^T.
    names : sequence of length T, or None
        Names of the rows, which no function reads.

    Raises
    ------
    ValueError
        If there is neither a target nor a pair of X and Y, shapes do not fit, or a number is not finite.
    TypeError
        If an entry is not an array of real numbers.

    Examples
    --------
    >>> UpdateProblem([[1.0, 0.0], [0.0, 2.0]]).shape
    (2, 2)
    >>> UpdateProblem(X=[[1.0, 2.0]], Y=[[3.0]])
    UpdateProblem(1 x 2, 1 rows of data)
    """

    target: ArrayLike | None = None
    _: KW_ONLY
    weight: ArrayLike | None = None
    X: ArrayLike | None = None
    Y: ArrayLike | None = None
    names: Sequence[object] | None = None

    def __post_init__(self) -> None:
        if (self.X is None) != (self.Y is None):
            raise must("X and Y", "given both or not at all", "one of them")
        if self.target is None and self.X is None:
            raise must("target", "a matrix, where no X and Y are given", None)
        for name in ("target", "weight", "X", "Y"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, read_only(matrix(name, value)))
        m, n = self.shape
        rows = 0 if self.X is None else len(self.X)  # type: ignore[arg-type]
        wanted = {"target": (m, n), "weight": (m, n), "X": (rows, n), "Y": (rows, m)}
        for name, shape in wanted.items():
            value = getattr(self, name)
            if value is not None and not fits(value.shape, shape):
                raise must(name, f"of shape {shape}", value.shape)
        if self.names is not None and (not hasattr(self.names, "__len__") or len(self.names) != rows):
            raise must("names", f"None or a sequence of {rows}, one for each row of `X`", self.names)

    def __repr__(self) -> str:
        m, n = self.shape
        data = "" if self.X is None else f", {len(self.X)} rows of data"  # type: ignore[arg-type]
        return f"UpdateProblem({m} x {n}{data})"

    @property
    def shape(self) -> tuple[int, int]:
        """(d_out, d_in)."""
        if self.target is not None:
            return np.shape(self.target)  # type: ignore[return-value]
        return np.shape(self.Y)[1], np.shape(self.X)[1]  # type: ignore[arg-type]

    @classmethod
    def from_file(
        cls, path: str | PathLike[str], *, base: str | PathLike[str] | None = None, module: str | None = None
    ) -> UpdateProblem:
        """Read an update from one file, or as the difference of a weight between two files.

        Parameters
        ----------
        path : path
            An npz or safetensors file with the arrays ``target``, ``weight``, ``X`` and ``Y``, or some of them. Beside
            `base`, a file or folder of trained weights.
        base : path or None
            Weights before training: the target is the weight in `path` minus that in `base`.
        module : str or None
            The name of the weight that is meant; it may be left out where the file holds one matrix.

        Returns
        -------
        UpdateProblem
            Problem in the precision of the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If an array is missing, shapes differ, a file is damaged, or `module` is given without `base`.
        """
        if base is None:
            if module is not None:
                raise must("module", "left out where no `base` is given", module)
            found = named_arrays(path, "updates")
            return cls(**{name: found[name] for name in ("target", "weight", "X", "Y") if name in found})
        before, after = named_arrays(base, "updates"), named_arrays(path, "updates")
        matrices = [name for name, value in after.items() if len(value.shape) == 2]
        name = matrices[0] if module is None and len(matrices) == 1 else module
        if name not in matrices or name not in before:
            raise must("module", f"a matrix in both files, as {', '.join(matrices[:3]) or 'none'}", module)
        old, new = matrix("base", before[name]), matrix("path", after[name])
        if old.shape != new.shape:
            raise must("path", f"a file in which {name} has the shape {old.shape} as in `base`", new.shape)
        return cls(new - old, weight=old)


def make_update(
    spectrum: str = "power", shape: tuple[int, int] = (24, 24), *, exponent: float = 1.0, rng: Rng = None
) -> UpdateProblem:
    r"""Make an update with a known spectrum, between random singular vectors.

    Parameters
    ----------
    spectrum : {"flat", "power", "spike", "gaussian", "rank-one"}
        All singular values 1; :math:`\sigma_i = i^{-a}`; one entry 1 beside Gaussian noise of size 1e-6; independent
        Gaussian entries; a product of two Gaussian vectors.
    shape : pair of int
        (d_out, d_in).
    exponent : float
        a of "power", at least 0; the other spectra do not use it.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    UpdateProblem
        Problem that has the target alone.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> D = make_update("power", (3, 2), exponent=2.0, rng=0).target
    >>> np.linalg.svd(D, compute_uv=False).round(6).tolist()
    [1.0, 0.25]
    """
    kind, draws = choice("spectrum", spectrum, SPECTRA), generator(rng)
    m, n = pair("shape", shape)
    power = real("exponent", exponent, low=0.0, high=100.0) if kind == "power" else 0.0
    if kind == "gaussian":
        return UpdateProblem(draws.normal(size=(m, n)))
    if kind == "rank-one":
        return UpdateProblem(np.outer(draws.normal(size=m), draws.normal(size=n)))
    if kind == "spike":
        target = NOISE * draws.normal(size=(m, n))
        target[draws.integers(m), draws.integers(n)] = 1.0
        return UpdateProblem(target)
    q = min(m, n)
    U, V = (np.linalg.qr(draws.normal(size=(side, q)))[0] for side in (m, n))
    return UpdateProblem(U * np.arange(1.0, q + 1) ** -power @ V.T)
