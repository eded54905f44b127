"""Options of few-shot methods: bad input, and options that a method does not use."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering.few_shot import KINDS, OPTIONS
from lrtheory.transductive_clustering.tasks.methods import METHODS


@pytest.fixture(scope="module")
def batch(points):
    return tc.make_episodes(*points, n_tasks=40, way=4, shot=2, query=6, rng=1)


def test_unequal_tasks_are_refused_and_other_bad_input():
    support, query, labels = np.zeros((2, 2, 3)), np.zeros((2, 4, 3)), np.array([[0, 1], [0, 1]])
    refused = [
        ((support, np.array([[0, 1], [1, 1]]), query), {}, "`support_labels` must be of the same number of classes"),
        ((support, np.zeros(3), query), {}, "`support_labels` must be of shape (2, 2)"),
        ((support, labels, query[:, :, :2]), {}, "`query` must be of shape"),
        ((support, labels, query[:, :0]), {}, "`query` must be of shape"),
        ((support, labels, query[0]), {}, "`query` must be of shape"),
        ((support[:, :0], labels, query), {}, "`support` must be of shape"),
        ((support * np.nan, labels, query), {}, "`support` must be finite"),
        ((support, labels, query), {"method": "best"}, "`method` must be one of"),
        ((support, labels, query), {"prototype": "rectified"}, "`prototype` must be one of"),
        ((support, labels, query), {"normalize": "max"}, "`normalize` must be one of"),
        ((support, labels, query), {"lam": -1}, "`lam` must be in"),
        ((support, labels, query), {"temperature": 0}, "`temperature` must be positive"),
        ((support, labels, query), {"max_iter": 0}, "`max_iter` must be an integer"),
        ((support, labels, query), {"base_mean": np.zeros(2)}, "`base_mean` must be of shape"),
        ((support, labels, query), {"base_mean": 0.0}, "`base_mean` must be of shape"),
        ((support, labels, query), {"base_mean": np.zeros((3, 3))}, "`base_mean` must be one"),
        ((support, labels, query), {"query_mask": np.ones(4)}, "`query_mask` must be of shape"),
        ((support, labels, query), {"query_mask": np.ones((4, 2))}, "`query_mask` must be of shape (2, 4)"),
        ((support, labels, query), {"query_mask": np.ones(8)}, "`query_mask` must be of shape (2, 4)"),
        ((support, labels, query), {"n_jobs": 0}, "`n_jobs` must be None, -1 or at least 1"),
        ((support, [[0.0, np.nan]] * 2, query), {}, "`support_labels` must be finite; got nan."),
        ((support, [[0.0, np.inf]] * 2, query), {}, "`support_labels` must be finite; got inf."),
        ((support, [[0, 1], [0]], query), {}, "`support_labels` must be an array with rows of equal length"),
        ((support, np.array([[0, "a"]] * 2, object), query), {}, "`support_labels` must be of one kind"),
        (([[[0.0], [1.0, 2.0]]], labels, query), {}, "`support` must be an array with rows of equal length"),
    ]
    for args, options, sentence in refused:
        with pytest.raises(ValueError) as raised:
            tc.few_shot(*args, **options)
        assert sentence in str(raised.value)
    wrong = [
        ({"turns": {"hard": True}}, "`turns` must be None or a Turns"),
        ({"query_shift": "no"}, "`query_shift` must be True or False"),
        ({"query_mask": np.full((2, 4), np.nan)}, "`query_mask` must be an array of truth values"),
    ]
    for options, sentence in wrong:
        with pytest.raises(TypeError, match=sentence):
            tc.few_shot(support, labels, query, **options)


def test_turns_check_themselves():
    for options, sentence in (
        ({"symmetrize": "min"}, "`symmetrize` must be one of"),
        ({"damping": 2.0}, "`damping` must be 'auto' or a number in"),
        ({"damping": 0.0}, "`damping` must be 'auto' or a number in"),
        ({"damping": "some"}, "`damping` must be 'auto' or a number in"),
        ({"max_inner_iter": 0}, "`max_inner_iter` must be an integer of at least 1"),
        ({"hard": 1}, "`hard` must be True or False"),
        ({"clamp": "no"}, "`clamp` must be True or False"),
    ):
        with pytest.raises((TypeError, ValueError), match=sentence):
            tc.Turns(**options)
    assert tc.Turns(hard=np.True_) == tc.Turns(hard=True)


#: an option of each name that is not the default, and a prototype that some method does not have
GIVEN = {
    "prototype": "mode",
    "lam": 0.1,
    "temperature": 0.5,
    "n_neighbors": 1,
    "tol": 0.5,
    "max_iter": 2,
    "record": True,
}
TURNS = {"symmetrize": "max", "hard": True, "clamp": False, "damping": 0.5, "max_inner_iter": 1}


@pytest.mark.parametrize("method", OPTIONS)
def test_each_method_takes_the_options_that_it_uses_and_refuses_all_others(batch, method):
    few = batch.support[:2], batch.support_labels[:2], batch.query[:2]
    assert OPTIONS.keys() == METHODS.keys()
    for name, value in [*GIVEN.items(), *((f"turns.{name}", value) for name, value in TURNS.items())]:
        value = KINDS[method][-1] if name == "prototype" and method in KINDS else value
        options = {"turns": tc.Turns(**{name[6:]: value})} if name.startswith("turns.") else {name: value}
        if name in OPTIONS[method]:
            assert tc.few_shot(*few, method=method, **options).method == method
        else:
            with pytest.raises(ValueError, match=f'`{name}` must be left out with method "{method}", which does not'):
                tc.few_shot(*few, method=method, **options)
    with pytest.raises(ValueError, match="`lam` must be left out"):  # also where it would change nothing
        tc.few_shot(*few, method="k-means", lam=0)
