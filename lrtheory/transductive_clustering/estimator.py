r"""Laplacian K-prototypes in the style of scikit-learn, which is not needed to use it."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike, Rng, SparseArray
from lrtheory._validation import integer, must
from lrtheory.transductive_clustering.cluster import cluster
from lrtheory.transductive_clustering.problem import ClusteringProblem
from lrtheory.transductive_clustering.updates.inputs import points

__all__ = ["LaplacianKPrototypes"]


class LaplacianKPrototypes:
    r"""Clusters by prototypes and a graph that asks neighbors to agree, as an estimator.

    Parameters
    ----------
    n_clusters : int
        K.
    prototype, lam, temperature, n_neighbors, affinity, init, tol, max_iter : as in `cluster`
        Options of `cluster`, which `fit` checks.
    random_state : Generator, RandomState, int or None
        Source of the first prototypes.

    Raises
    ------
    ValueError
        By `fit`, as `cluster`.

    Attributes
    ----------
    labels_ : int64 array of shape (n,)
        The cluster of each point.
    cluster_centers_ : array of shape (K, d)
        Prototypes.
    assignments_ : array of shape (n, K)
        Rows in the simplex.
    energies_ : float64 array of shape (2 turns + 1,)
        Never rising for means, modes and medoids.
    n_iter_ : int
        Turns of assignments and prototypes.
    n_features_in_ : int
        d.
    result_ : ClusteringResult
        All of it, with the certificate.

    Notes
    -----
    ``energies_`` never rise for means, modes and medoids with a symmetric affinity (statement TC-T9).

    Examples
    --------
    >>> model = LaplacianKPrototypes(2, n_neighbors=1, random_state=0).fit([[0.0], [0.1], [5.0], [5.1]])
    >>> bool(model.predict([[0.2]])[0] == model.labels_[0])
    True
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        prototype: str = "mean",
        lam: float = 1.0,
        temperature: float = 1.0,
        n_neighbors: int | None = None,
        affinity: ArrayLike | SparseArray | None = None,
        init: ArrayLike | str = "k-means++",
        tol: float = 1e-5,
        max_iter: int = 100,
        random_state: Rng | np.random.RandomState = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.prototype = prototype
        self.lam = lam
        self.temperature = temperature
        self.n_neighbors = n_neighbors
        self.affinity = affinity
        self.init = init
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: ArrayLike | ClusteringProblem, y: Any = None) -> LaplacianKPrototypes:
        """Cluster points.

        Parameters
        ----------
        X : array of shape (n, d)
            Points.
        y : None
            Ignored.

        Returns
        -------
        LaplacianKPrototypes
            Itself.

        Raises
        ------
        ValueError
            As `cluster`.
        """
        features = self._points(X, reset=True)
        K = integer("n_clusters", self.n_clusters, low=1)
        if len(features) < K:
            raise must("n_clusters", f"at most n_samples={len(features)}", K)
        options = self.get_params()
        options.pop("n_clusters")
        rng = options.pop("random_state")
        if isinstance(rng, np.random.RandomState):  # what scikit-learn hands around
            rng = int(rng.randint(2**31))
        self.result_ = cluster(features, K, rng=rng, record=True, **options)
        self.labels_ = self.result_.labels
        self.cluster_centers_ = self.result_.prototypes
        self.assignments_ = self.result_.assignments
        self.energies_ = self.result_.trace["energies"] if self.result_.trace is not None else np.empty(0)
        self.n_iter_ = self.result_.n_iter
        return self

    def fit_predict(self, X: ArrayLike | ClusteringProblem, y: Any = None) -> np.ndarray:
        """Cluster points and return their labels.

        Parameters
        ----------
        X : array of shape (n, d)
            Points.
        y : None
            Ignored.

        Returns
        -------
        int64 array of shape (n,)
            Labels.
        """
        return self.fit(X).labels_

    def predict(self, X: ArrayLike | ClusteringProblem) -> np.ndarray:
        """The cluster with the smallest cost, without a graph.

        Parameters
        ----------
        X : array of shape (n, d)
            Points, new ones too.

        Returns
        -------
        int64 array of shape (n,)
            Labels.

        Raises
        ------
        ValueError
            If the points are not finite or have another number of features.
        """
        if not hasattr(self, "result_"):
            raise self._not_fitted()
        features, found = self._points(X, reset=False), self.result_
        return np.asarray(found.costs(features).argmin(axis=1))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name.

        Parameters
        ----------
        deep : bool
            Ignored, since no parameter is an estimator.

        Returns
        -------
        dict
            The parameters of the constructor.
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> LaplacianKPrototypes:
        """Change parameters.

        Parameters
        ----------
        **params
            Parameters of the constructor by name.

        Returns
        -------
        LaplacianKPrototypes
            Itself.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        known = list(self.get_params())
        for name in params:
            if name not in known:
                raise must("params", "names among " + ", ".join(known), name)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        shown = (f"{k}={v!r}" for k, v in self.get_params().items() if not _same(v, defaults[k]))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # type: ignore[import-untyped, unused-ignore]

        return Tags(
            estimator_type="clusterer",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
            non_deterministic=False,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "result_")

    def _points(self, X: Any, *, reset: bool) -> np.ndarray:
        """The points, checked by scikit-learn where it is loaded, so that its messages are the expected ones."""
        if "sklearn" in sys.modules:
            from sklearn.utils.validation import validate_data  # type: ignore[import-untyped, unused-ignore]

            return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])
        X = points(X)
        if reset:
            self.n_features_in_ = X.shape[1]
        elif X.shape[1] != self.n_features_in_:
            raise must("X", f"of {self.n_features_in_} features", X.shape[1])
        return X

    @staticmethod
    def _not_fitted() -> Exception:
        text = "this LaplacianKPrototypes is not fitted yet; call `fit` first"
        if "sklearn" in sys.modules:
            from sklearn.exceptions import NotFittedError  # type: ignore[import-untyped, unused-ignore]

            return NotFittedError(text)
        return ValueError(text)


def _same(value: Any, default: Any) -> bool:
    return value is default or (np.ndim(value) == 0 and value == default)
