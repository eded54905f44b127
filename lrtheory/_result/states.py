"""Base classes of solvers that go on step by step: they are copied, and their state outlives the program."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from lrtheory._validation import path_of, same_parameters

__all__ = ["Filed", "Resumable"]


class Resumable(ABC):
    """A solver that goes on step by step, may be copied and pickled, and whose state may be kept between programs."""

    def copy(self) -> Self:
        """Make an independent copy.

        Returns
        -------
        Self
            Copy that takes the same later steps as the original; a random generator is copied with its state.
        """
        return self._twin()

    def get_state(self) -> dict[str, Any]:
        """Return the parameters and all that steps have changed.

        Returns
        -------
        dict
            State for `set_state` of an object that was made with the same parameters. It holds numbers, words, lists
            and mappings, which JSON keeps; where it holds arrays as well, ``numpy.savez`` writes it without pickling.
        """
        return self._parameters() | self._learned()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `get_state` returned; a rejected state changes nothing.

        Parameters
        ----------
        state : mapping
            State that `get_state` returned, or what JSON or ``numpy.load`` reads from a file into which it was written.

        Raises
        ------
        ValueError
            If an entry is missing or out of range, or the state belongs to other parameters.
        TypeError
            If it is not a mapping.
        """
        same_parameters(state, self._parameters())
        self._restore(state)

    def _twin(self) -> Self:
        """A copy; by reference where steps never write into what is shared."""
        return copy.deepcopy(self)

    @abstractmethod
    def _parameters(self) -> dict[str, Any]:
        """The parameters that a state must share, as JSON holds them."""

    @abstractmethod
    def _learned(self) -> dict[str, Any]:
        """All that steps change, by names that are not those of parameters."""

    @abstractmethod
    def _restore(self, state: Mapping[str, Any]) -> None:
        """Check all entries of a state of the same parameters, and only then take them."""


class Filed(Resumable):
    """One whose parameters and state are kept in a file as well."""

    def to_file(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the parameters and the state.

        Parameters
        ----------
        path : path
            An npz file.
        force : bool
            Whether a file that is there may be replaced.

        Raises
        ------
        FileExistsError
            If the file is there and `force` is False.
        """
        from lrtheory._files import replacing

        found = self.get_state() | self._given()

        def write(target: Path) -> None:
            with target.open("wb") as file:
                np.savez(file, **found)

        replacing(path_of("path", path), write, force=force)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read what `to_file` wrote; arrays are NumPy's.

        Parameters
        ----------
        path : path
            The file.

        Returns
        -------
        Self
            Object whose later steps are those of the one that was written, bit for bit.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or holds something else.
        """
        from lrtheory._files import read_arrays

        return cls._from_arrays(read_arrays(path))

    def _given(self) -> dict[str, Any]:
        """Arrays of which an object is made, beside its parameters and its state."""
        return {}

    @classmethod
    @abstractmethod
    def _from_arrays(cls, found: Mapping[str, Any]) -> Self:
        """Make the object of a file, and give it its state."""
