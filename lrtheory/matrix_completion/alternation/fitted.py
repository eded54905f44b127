"""The parts of a completion that tables and new rows read; its class, which makes them, they need not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from lrtheory.matrix_completion.alternation.scores import Score

__all__ = ["Fitted"]


class Fitted(Protocol):
    """A completion; its class says more of each field."""

    @property
    def U(self) -> np.ndarray:  # noqa: N802 (a field)
        """The left factor."""

    @property
    def V(self) -> np.ndarray:  # noqa: N802 (a field)
        """The right factor."""

    @property
    def mean(self) -> float:
        """The mean of the observations."""

    @property
    def row_bias(self) -> np.ndarray | None:
        """Biases of rows."""

    @property
    def biases_alone(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Biases without factors."""

    @property
    def row_degrees(self) -> np.ndarray:
        """Observations of each row."""

    @property
    def names(self) -> tuple[Sequence[str] | None, Sequence[str] | None] | None:
        """Ids of rows and columns."""

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The range of predictions."""

    @property
    def tested(self) -> Score | None:
        """Errors on what was held out."""

    @property
    def message(self) -> str:
        """The reason for the end of the run."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def rank(self) -> int:
        """Number of factors."""

    def _columns(self) -> Mapping[str, Sequence[Any]]: ...

    def _facts(self) -> list[str]: ...

    def _draw(self, ax: Any) -> None: ...

    def _kept(self, predicted: np.ndarray) -> np.ndarray: ...

    def _raw_block(self, i: np.ndarray, j: np.ndarray) -> np.ndarray: ...

    def _folded(self, j: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray]: ...
