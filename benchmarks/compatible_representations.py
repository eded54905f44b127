"""Templates beside the nearest centroid, nearest items beside a flat index, gaps and logits beside dense products."""

from __future__ import annotations

import numpy as np

from benchmarks import Inputs, Row, ready

#: queries, items, features and classes
QUERIES, ITEMS, FEATURES, CLASSES = 2000, 5000, 99, 100
#: vertices, and features of a batch
VERTICES, BATCH = 1024, 256


def service() -> Inputs:
    """Queries by two encoders and a gallery in single precision, rows of norm 1 around the means of their classes."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(CLASSES, FEATURES))
    labels = {"asked": rng.integers(0, CLASSES, QUERIES), "known": np.arange(ITEMS) % CLASSES}

    def drawn(classes: np.ndarray, noise: float) -> np.ndarray:
        rows = means[classes] + noise * rng.normal(size=(len(classes), FEATURES))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    features = {
        "new": drawn(labels["asked"], 2.0),
        "old": drawn(labels["asked"], 3.0),
        "gallery": drawn(labels["known"], 3.0),
    }
    return features | labels


# --- templates -------------------------------------------------------------------------------------------------------


def our_templates(inputs: Inputs) -> np.ndarray:
    """Hits of one encoder by templates."""
    from lrtheory.compatible_representations import cross_test

    return np.asarray(
        cross_test([(inputs["old"], inputs["gallery"])], inputs["asked"], inputs["known"]).hits[0, 0], np.int8
    )


def their_centroids(inputs: Inputs) -> np.ndarray:
    """The nearest of the normalized class means: a fit on them is added, since scikit-learn's own have other norms."""
    from sklearn.neighbors import NearestCentroid

    fitted = NearestCentroid().fit(inputs["gallery"], inputs["known"])
    means = fitted.centroids_ / np.linalg.norm(fitted.centroids_, axis=1, keepdims=True)
    fitted.centroids_ = means
    return np.asarray(fitted.predict(inputs["old"]) == inputs["asked"], np.int8)


TEMPLATES = Row(
    name="templates",
    title=f"hits of {QUERIES} queries by the templates of {CLASSES} classes of {ITEMS} items, {FEATURES} features",
    inputs=service,
    ours={"cross_test": our_templates},
    peers={"scikit-learn": their_centroids},
    tolerance=0.0,
)


# --- nearest items ---------------------------------------------------------------------------------------------------


def our_nearest(inputs: Inputs) -> np.ndarray:
    """The nearest item of each query."""
    from lrtheory.compatible_representations.search.nearest import nearest

    return nearest(inputs["old"], inputs["gallery"])


def their_index(inputs: Inputs) -> np.ndarray:
    """A flat index of inner products, made before."""
    import faiss

    def made() -> object:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexFlatIP(FEATURES)
        index.add(inputs["gallery"])
        return index

    index = ready("faiss", inputs, made)
    return np.asarray(index.search(inputs["old"], 1)[1][:, 0], np.int64)  # type: ignore[attr-defined]


NEAREST = Row(
    name="nearest",
    title=f"the nearest of {ITEMS} items to each of {QUERIES} queries, {FEATURES} features",
    inputs=service,
    ours={"nearest": our_nearest},
    peers={"faiss": their_index},
    tolerance=0.0,
)


# --- gaps ------------------------------------------------------------------------------------------------------------


def our_gaps(inputs: Inputs) -> np.ndarray:
    """The mean gaps of all pairs, by class sums."""
    from lrtheory.compatible_representations import compatibility_gap

    features = (inputs[name] for name in ("new", "old", "gallery"))
    gap = compatibility_gap(*features, query_labels=inputs["asked"], gallery_labels=inputs["known"], delta=None)
    return np.array([gap.pair_same, gap.pair_different])


def all_pairs(inputs: Inputs) -> np.ndarray:
    """The matrix of all gaps, and its means over equal and unlike classes."""
    gaps = (inputs["new"].astype(np.float64) - inputs["old"]) @ inputs["gallery"].astype(np.float64).T
    same = inputs["asked"][:, None] == inputs["known"][None, :]
    return np.array([gaps[same].mean(), gaps[~same].mean()])


GAPS = Row(
    name="gaps",
    title=f"mean gaps of {QUERIES} queries and {ITEMS} items, {FEATURES} features",
    inputs=service,
    ours={"compatibility_gap": our_gaps},
    peers={"numpy-loop": all_pairs},
    tolerance=1e-9,
)


# --- logits ----------------------------------------------------------------------------------------------------------


def batch() -> Inputs:
    """Features of a batch in single precision, and the vertices for the dense product."""
    from lrtheory.compatible_representations import simplex_prototypes

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(BATCH, VERTICES - 1))
    features = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    return {"features": features, "vertices": simplex_prototypes(VERTICES, dtype=np.float32)}


def our_logits(inputs: Inputs) -> np.ndarray:
    """Logits of all vertices in linear time."""
    from lrtheory.compatible_representations import simplex_logits

    return np.asarray(simplex_logits(inputs["features"], VERTICES))


def dense_logits(inputs: Inputs) -> np.ndarray:
    """The product with all vertices."""
    return np.asarray(inputs["features"] @ inputs["vertices"].T)


LOGITS = Row(
    name="logits",
    title=f"logits of {BATCH} features for the {VERTICES} vertices of a simplex",
    inputs=batch,
    ours={"simplex_logits": our_logits},
    peers={"numpy-loop": dense_logits},
    tolerance=1e-5,
)
