"""Single updates: `insert` and `delete` for every class that applies arrays of updates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from lrtheory._validation import integer

__all__ = ["SingleUpdates"]


class SingleUpdates(ABC):
    """A class with `insert` and `delete`, made from `_apply` of an array; a rejected call changes nothing."""

    @abstractmethod
    def _apply(self, ops: Any) -> Any:
        """Check all updates, then apply them."""

    def insert(self, v: int) -> None:
        """Insert an element.

        Parameters
        ----------
        v : int
            An absent element of the objective.

        Raises
        ------
        KeyError
            If it is present or does not exist.
        """
        self._apply(np.array([integer("v", v, low=0)]))

    def delete(self, v: int) -> None:
        """Delete an element.

        Parameters
        ----------
        v : int
            A present element.

        Raises
        ------
        KeyError
            If it is absent.
        """
        self._apply(np.array([~integer("v", v, low=0)]))
