"""Inputs that are refused or answered in one sentence, and those of other kinds that are taken."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr

PROBLEM = cr.make_rays(4, n_queries=12, n_gallery=10, rng=0)
NEW, OLD, GALLERY = PROBLEM.features
LABELS = PROBLEM.labels


def with_row(rows, number, value):
    found = rows.copy()
    found[number] = value
    return found


def gap(*features, **options):
    return cr.compatibility_gap(*features, **(LABELS | options))


def check(*features, **options):
    return cr.check_replacement(*features, **(LABELS | options))


@pytest.mark.parametrize("solve", [gap, check])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_row_without_a_direction_is_named(solve, value):
    for name, features in (
        ("new", (with_row(NEW, 7, value), OLD, GALLERY)),
        ("old", (NEW, with_row(OLD, 7, value), GALLERY)),
        ("gallery", (NEW, OLD, with_row(GALLERY, 7, value))),
    ):
        with pytest.raises(ValueError, match=rf"^`{name}` must be finite non-zero rows; got row 7\.$"):
            solve(*features)
    partly = with_row(NEW, 3, 1.0)
    partly[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"got row 3\.$"):
        solve(partly, OLD, GALLERY)


@pytest.mark.parametrize("solve", [gap, check])
def test_another_width_is_answered_with_the_way_out(solve):
    wide = np.ones((12, 5))
    with pytest.raises(ValueError, match=r"`new` must have the width of `old` \(3\); got 5\. Use fit_map"):
        solve(wide, OLD, GALLERY)
    with pytest.raises(ValueError, match=r"`gallery` must have the width of `old` \(3\); got 5\. Use fit_map"):
        solve(NEW, OLD, wide[:10])
    with pytest.raises(ValueError, match=r'`features\[1\]` must have .* got 5\. Use fit_map\(method="affine"\)\.'):
        cr.cross_test([(OLD, GALLERY), (wide, wide[:10])], *LABELS.values())


@pytest.mark.parametrize("solve", [gap, check])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"delta": 0.0}, r"`delta` must be in \(0, 1\); got 0"),
        ({"delta": 1.0}, r"`delta` must be in \(0, 1\); got 1"),
        ({"delta": np.nan}, "`delta` must be"),
        ({"query_labels": np.arange(11)}, "`query_labels` must be one label for each of 12 items; got 11"),
        ({"query_labels": np.full(12, np.nan)}, "`query_labels` must be free of NaN; got NaN for item 0"),
        ({"query_labels": list("abcdefghijkl")}, "`query_labels` must be labels of which the gallery has at least one"),
        ({"gallery_labels": np.ones((10, 1))}, "`gallery_labels` must be a sequence of labels"),
        ({"exclude": np.arange(11)}, r"`exclude` must be of shape \(12,\)"),
        ({"exclude": np.full(12, 10)}, r"`exclude` must be numbers of items in \[-1, 9\]; got 10"),
    ],
)
def test_options_out_of_range_are_refused(solve, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        solve(NEW, OLD, GALLERY, **options)


@pytest.mark.parametrize("solve", [gap, check])
def test_kinds_that_are_none_are_refused(solve):
    with pytest.raises(TypeError, match="`exclude` must be an array of integers"):
        solve(NEW, OLD, GALLERY, exclude=np.zeros(12))
    with pytest.raises(TypeError, match="`query_labels` must be a sequence of labels; got 'abc'"):
        solve(NEW, OLD, GALLERY, query_labels="abc")
    with pytest.raises(TypeError, match="`query_labels` must be labels that a dictionary takes"):
        solve(NEW, OLD, GALLERY, query_labels=[[]] * 12)
    with pytest.raises(TypeError, match="`new` must be an array of real numbers"):
        solve(NEW + 1j, OLD, GALLERY)
    for name, features in (("new", (np.ma.array(NEW), OLD, GALLERY)), ("gallery", (NEW, OLD, np.ma.array(GALLERY)))):
        with pytest.raises(ValueError, match=f"`{name}` must be an array without a mask"):
            solve(*features)
    with pytest.raises(ValueError, match="`old` must be a matrix with rows and columns"):
        solve(NEW, OLD[0], GALLERY)
    with pytest.raises(ValueError, match="`gallery` must be a matrix with rows and columns"):
        solve(NEW, OLD, GALLERY[:0])
    with pytest.raises(ValueError, match="`new` must be of as many rows as `old`, 12; got 11"):
        solve(NEW[:11], OLD, GALLERY)


@pytest.mark.parametrize("margin", [1.0, 1.5, -0.1, np.nan])
def test_a_margin_of_everything_is_refused(margin):
    with pytest.raises(ValueError, match="`margin` must be"):
        check(NEW, OLD, GALLERY, margin=margin)
    with pytest.raises(ValueError, match="`margin` must be"):
        cr.ReplacementTest(margin=margin)


@pytest.mark.parametrize(
    ("hits", "sentence"),
    [
        (([], []), "`new_hits` must be hits of at least one query; got none"),
        (([1, 0], [1]), "`new_hits` must be of as many entries as `old_hits`, 1; got 2"),
        (([1.5], [0]), r"`new_hits` must be truth values, or scores in \[0, 1\]; got 1.5"),
        (([1], [np.nan]), r"`old_hits` must be truth values, or scores in \[0, 1\]; got nan"),
        (([[1]], [[1]]), "`new_hits` must be an array with an entry for each query"),
    ],
)
def test_hits_that_are_none_are_refused(hits, sentence):
    with pytest.raises(ValueError, match=sentence):
        cr.compare_hits(*hits)
    with pytest.raises(TypeError, match="`new_hits` must be truth values"):
        cr.compare_hits(["yes"], [True])


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.int64, np.uint16, np.float32, np.longdouble])
def test_numbers_of_every_width_are_taken(dtype):
    rng = np.random.default_rng(0)
    new, old, gallery = (rng.integers(1, 5, (n, 3)) for n in (12, 12, 10))
    due = gap(new, old, gallery)
    found = gap(*(one.astype(dtype) for one in (new, old, gallery)))
    assert (found.same, found.different) == (due.same, due.different)
    hits = [check(*(one.astype(kind) for one in (new, old, gallery))).new_hits for kind in (dtype, np.float64)]
    np.testing.assert_array_equal(*hits)


def test_bfloat16_of_torch_is_taken():
    torch = pytest.importorskip("torch")
    halved = [torch.asarray(one).to(torch.bfloat16) for one in (NEW, OLD, GALLERY)]
    due = gap(*(one.to(torch.float64) for one in halved), delta=None)
    assert gap(*halved, delta=None).same == pytest.approx(due.same, rel=1e-12)
    found = check(*halved)
    assert found.n_queries == 12
    assert found.verdict in ("yes", "no", "undecided")
    assert found.queries_needed is None or found.queries_needed > 0


def test_queries_without_their_class_in_the_gallery_are_counted_and_never_right():
    asked = np.where(np.arange(12) < 3, 99, LABELS["query_labels"])
    for metric in ("nearest", "template"):
        found = check(NEW, OLD, GALLERY, query_labels=asked, metric=metric)
        assert found.unanswerable == 3
        assert not found.new_hits[:3].any()
        assert "3 of 12 queries have no item of their class in the gallery" in found.message


def test_queries_inside_the_gallery_are_named_or_left_out():
    found = cr.check_replacement(
        GALLERY, GALLERY, GALLERY, query_labels=LABELS["gallery_labels"], gallery_labels=LABELS["gallery_labels"]
    )
    assert found.new_hits.all()
    assert "10 queries are rows of the gallery and find themselves" in found.message
    left_out = cr.check_replacement(
        GALLERY,
        GALLERY,
        GALLERY,
        query_labels=LABELS["gallery_labels"],
        gallery_labels=LABELS["gallery_labels"],
        exclude=np.arange(10),
    )
    assert not left_out.new_hits.all()
    assert "find themselves" not in left_out.message


def test_vectors_of_unlike_norms_are_named():
    assert "`gallery` has norms from 3 to 3, others have norm 1" in check(NEW, OLD, 3 * GALLERY).message
    assert check(3 * NEW, 3 * OLD, 3 * GALLERY).message == ""


def test_one_class_alone_is_always_found():
    ones = np.ones(12), np.ones(10)
    found = check(NEW, OLD, GALLERY, query_labels=ones[0], gallery_labels=ones[1])
    assert (found.difference, found.verdict) == (0.0, "undecided")


def test_labels_come_back_as_they_were():
    names = np.array(["oak", "elm", "fir", "yew"])
    named = {key: names[value] for key, value in LABELS.items()}
    found = cr.compatibility_gap(NEW, OLD, GALLERY, **named)
    assert set(found.by_class.classes) == set(names.tolist())
    np.testing.assert_array_equal(check(NEW, OLD, GALLERY, **named).new_hits, check(NEW, OLD, GALLERY).new_hits)


def test_features_of_a_cross_test_are_pairs_of_one_form():
    for features, sentence in (
        ([], "`features` must be a pair of arrays for at least one encoder; got none"),
        ([(OLD, GALLERY), (NEW[:5], GALLERY)], r"`features\[1\]` must be 12 queries and 10 items"),
        ([(OLD,)], r"`features\[0\]` must be a pair"),
    ):
        with pytest.raises(ValueError, match=sentence):
            cr.cross_test(features, *LABELS.values())
    with pytest.raises(ValueError, match="`metric` must be one of"):
        cr.cross_test([(OLD, GALLERY)], *LABELS.values(), metric="cosine")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: cr.make_rays(1), "`n_classes` must be at least 2"),
        (lambda: cr.make_rays(3, old_length=1.1), r"`old_length` must be in \[0, 1\]"),
        (lambda: cr.make_rays(3, n_gallery=2), "`n_gallery` must be an item for each of 3 classes at least; got 2"),
        (lambda: cr.make_confusion(np.eye(2), np.ones((2, 2))), "`new` must be a matrix whose rows sum to 1"),
        (lambda: cr.make_confusion(np.eye(2), np.eye(3)), "`new` must be of shape"),
        (lambda: cr.theory.gap_confusion(np.eye(1), np.eye(1)), "`old` must be a matrix with two rows at least"),
        (lambda: cr.theory.replacement_power(0.7, 0.4, 10), "`lost` must be a probability of sum at most 1"),
        (lambda: cr.theory.queries_needed(0.7, 0.4), "`lost` must be a probability of sum at most 1"),
        (lambda: cr.theory.difference_limits(5, 6, 10, delta=0.1), "`n` must be at least the number of won"),
        (lambda: cr.theory.difference_limits([1, 2], [0, 1, 2], 5, delta=0.1), "`lost` must be of a shape that fits"),
        (lambda: cr.fit_map(NEW * 1e-300, OLD * 1e300, method="affine"), "`new` must be features whose ratio to `old`"),
        (lambda: cr.theory.average_compatibility(np.ones((2, 3))), "`matrix` must be a square matrix"),
        (lambda: cr.theory.average_compatibility(np.full((2, 2), np.nan)), "`matrix` must be free of NaN"),
    ],
)
def test_makers_and_formulas_refuse_in_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_numbers_at_the_ends_of_their_ranges():
    assert cr.theory.queries_bound(1e-200, delta=0.1, miss=0.1) > 10**400
    assert 1 - 1e-7 < cr.theory.replacement_power(0.3, 0.29, 10**6) <= 1.0
    assert cr.theory.sign_level(0, 0) == 1.0
    with pytest.raises(TypeError, match="`query_ids` must be names that a dictionary takes"):
        cr.Encodings(NEW, query_ids=[[1]] * 12)


@pytest.mark.parametrize("name", ["gallery_labels", "query_labels", "query_ids"])
@pytest.mark.parametrize("value", [5, np.array(5), "twelve words"])
def test_a_scalar_is_no_list_of_names(name, value):
    with pytest.raises(TypeError, match=f"^`{name}` must be a sequence with one entry for each item; got"):
        cr.Encodings(NEW, GALLERY, **{name: value})


def test_a_scalar_is_no_gallery_and_masked_names_are_refused():
    with pytest.raises(ValueError, match=r"^`gallery` must be a matrix with rows and columns; got \(\)"):
        cr.Encodings(NEW, 5.0)
    assert cr.Encodings(NEW, np.empty((0, 3)), gallery_labels=[]).gallery_labels is None
    with pytest.raises(ValueError, match=r"^`query_ids` must"):
        cr.Encodings(NEW, query_ids=np.ma.masked_equal(np.arange(12), 3))


def test_a_query_that_is_an_item_is_said_whatever_the_sign_of_its_zeros():
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])
    told = check(
        rows, -0.0 * rows + rows, rows * [[-1.0, 1.0], [1.0, -1.0]], query_labels=[0, 1], gallery_labels=[0, 1]
    )
    assert "2 queries are rows of the gallery and find themselves" in told.message
    old = cr.Encodings(rows, rows, query_labels=[0, 2], gallery_labels=[0, 1])
    told = cr.mixed_test(cr.Encodings(2 * rows), old, shares=[0.0])
    assert told.message.startswith("`new` has norms from 2 to 2, others have norm 1")
    assert (
        "1 of 2 queries have no item of their class in the gallery; 2 queries are rows of the gallery" in told.message
    )


def test_names_of_the_queries_alone_exclude_nothing():
    names = [f"q{i}" for i in range(len(OLD))]
    old = cr.Encodings(OLD, GALLERY, **LABELS, query_ids=names)
    found = cr.mixed_test(cr.Encodings(NEW, query_ids=names), old, shares=[0.0])
    np.testing.assert_array_equal(found.hits[0], check(NEW, OLD, GALLERY).new_hits)
