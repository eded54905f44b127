"""An adapter: for each module of a model two thin factors and a scaling, in a folder as peft writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.adapters import settings
from lrtheory._files.adapters.folder import read_folder, write_adapter
from lrtheory._files.adapters.module import AdapterModule
from lrtheory._files.adapters.one_file import FORMS
from lrtheory._files.adapters.starts import refuse_start
from lrtheory._files.replacing import are_nested, replacing
from lrtheory._files.safetensors import Stored
from lrtheory._kernels.low_rank import core
from lrtheory._validation import Words, choice, flag, must, path_of

__all__ = ["DTYPES", "AdapterFile", "AdapterModule"]

#: the names of types in the ecosystem, and in the files
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class AdapterFile:
    """An adapter of a model: the factors of each module, and all that its folder holds beside them.

    Parameters
    ----------
    modules : mapping of str to AdapterModule
        Factors of each module, by the names that the modules have in the model.
    config : mapping or None
        The settings in adapter_config.json, of which those on ranks, scalings and modules are written anew; None is an
        empty one.
    others : mapping of str to Stored
        Arrays beside the factors, which are carried along bit for bit.
    metadata : mapping of str to str
        Metadata in the header of the file of arrays.
    source : Path or None
        The folder or the file that was read, which is never written to.
    prefixed : bool
        Whether the names of arrays begin as those of peft do.
    form : {"folder", "kohya", "diffusers"}
        A folder of peft, or one file of an adapter of a diffusion model, which is written as one again.

    Raises
    ------
    TypeError
        If a module is not an AdapterModule.
    ValueError
        If there is none, or the settings are those of another kind of adapter.

    Examples
    --------
    >>> module = AdapterModule(np.ones((3, 1)), np.ones((1, 2)), scale=0.5)
    >>> AdapterFile({"layers.0.query": module}).dense("layers.0.query").tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """

    modules: Mapping[str, AdapterModule]
    config: Mapping[str, Any] | None = None
    others: Mapping[str, Stored] = field(default_factory=dict, kw_only=True)
    metadata: Mapping[str, str] = field(default_factory=lambda: {"format": "pt"}, kw_only=True)
    source: Path | None = field(default=None, kw_only=True)
    prefixed: bool = field(default=True, kw_only=True)
    form: str = field(default="folder", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.modules, Mapping) or not self.modules:
            raise must("modules", "a mapping with at least one module", self.modules)
        for name, module in self.modules.items():
            if not isinstance(name, str) or not isinstance(module, AdapterModule):
                raise must("modules", "a mapping from names to AdapterModules", (name, module), TypeError)
        flag("prefixed", self.prefixed)
        choice("form", self.form, FORMS)
        object.__setattr__(self, "modules", dict(self.modules))
        object.__setattr__(self, "config", settings.checked(self.config or {}))
        dora = bool((self.config or {}).get("use_dora"))
        if any((module.magnitude is not None) != dora for module in self.modules.values()):
            raise must(
                "modules", "ones with magnitudes under use_dora, and without them else", Words(f"use_dora {dora}")
            )

    def __repr__(self) -> str:
        ranks = sorted({module.rank for module in self.modules.values()})
        span = f"rank {ranks[0]}" if len(ranks) == 1 else f"ranks {ranks[0]} to {ranks[-1]}"
        return f"AdapterFile({len(self.modules)} modules, {span}, {self.storage:,} numbers)"

    def _brief(self) -> dict[str, Any]:
        """The adapter without its numbers."""
        return {"source": None if self.source is None else str(self.source), "modules": dict(self.modules)}

    def __iter__(self) -> Iterator[str]:
        return iter(self.modules)

    @property
    def rank(self) -> int:
        """The largest inner rank of a module."""
        return max(module.rank for module in self.modules.values())

    @property
    def storage(self) -> int:
        """The number of entries of all factors."""
        return sum(module.storage for module in self.modules.values())

    @classmethod
    def from_peft(cls, folder: str | PathLike[str]) -> AdapterFile:
        """Read a folder with adapter_config.json and adapter_model.safetensors; no torch and no pickle.

        An adapter of a diffusion model may be one file, in the form of kohya's tools or of diffusers.

        Parameters
        ----------
        folder : path
            The folder, or the file of arrays.

        Returns
        -------
        AdapterFile
            Half precision as float32; arrays are read when a module is asked for its factors.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or a file is missing.
        ValueError
            If a file is damaged, or the adapter is neither a LoRA nor an AdaLoRA.

        Notes
        -----
        Where a start such as PiSSA changes the base model at every load, the factors are not the whole update:
        functions that are given such an adapter need the model, too.
        """
        return cls(**read_folder(path_of("folder", folder)))

    from_file = from_peft

    def to_peft(self, folder: str | PathLike[str], *, dtype: str | None = None, force: bool = False) -> None:
        """Write a folder that peft loads; it appears whole or not at all.

        Modules of rank 0 are left out with their biases, as peft wants it. Scalings that differ stand in alpha_pattern.
        What came as one file is written as one.

        Parameters
        ----------
        folder : path
            A new folder or an empty one, outside the one that was read; or a new .safetensors file.
        dtype : {"float64", "float32", "float16", "bfloat16"} or None
            The type of the factors; None keeps that of each module.
        force : bool
            Whether a folder that this program wrote, and that holds nothing else, may be replaced.

        Raises
        ------
        FileExistsError
            If something is there that may not be replaced.
        FileNotFoundError
            If the folder in which it shall stand does not exist.
        ValueError
            If it lies in the folder that was read, all modules have rank 0, or a number is too large for the type.
        """
        kind = None if dtype is None else DTYPES[choice("dtype", dtype, tuple(DTYPES))]
        target = path_of("folder", folder)
        if self.source is not None and are_nested(self.source, target):
            raise must("folder", "outside the folder that was read", str(folder))
        replacing(target, lambda path: write_adapter(path, self, kind), force=force)

    def dense(self, name: str) -> np.ndarray:
        """The update of the weight of a module.

        Parameters
        ----------
        name : str
            The module.

        Returns
        -------
        array of shape (d_out, d_in)
            scale B A. Models that keep the transpose of a weight, as GPT-2 does and embeddings do, add its transpose;
            the kernels of a convolution are flattened.

        Raises
        ------
        ValueError
            If there is no such module, or a start changes the base model.
        """
        refuse_start(self.config or {})
        if name not in self.modules:
            raise must("name", f"one of {len(self.modules)} modules, as {next(iter(self.modules))!r}", name)
        return self.modules[name].dense()

    def spectra(self) -> dict[str, np.ndarray]:
        """The singular values of all updates, from their factors alone.

        Returns
        -------
        dict of str to float64 array
            Decreasing, in the order of the modules.

        Raises
        ------
        ValueError
            If a start changes the base model.
        """
        refuse_start(self.config or {})
        return {name: core(m.B, m.A).values * abs(m.scale) for name, m in self.modules.items()}
