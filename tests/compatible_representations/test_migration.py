"""Mixed galleries against loops, files of two encoders that are joined by ids, and verbs on them."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory.cli import main
from lrtheory.compatible_representations.problem import join
from tests.rules.test_commands import FILES

RNG = np.random.default_rng(0)
PROBLEM = cr.make_rays(4, old_length=0.6, new_length=0.9, n_queries=40, n_gallery=20, rng=0)
RENEWED = cr.make_rays(4, old_length=0.9, new_length=0.9, n_queries=40, n_gallery=20, rng=0).gallery
OLD = cr.Encodings(PROBLEM.old, PROBLEM.gallery, **PROBLEM.labels)
NEW = cr.Encodings(PROBLEM.new, RENEWED)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_the_nearest_item_of_both_halves_decides(is_mapped):
    order = np.random.default_rng(1).permutation(20)
    backward = cr.fit_map(RENEWED, PROBLEM.gallery, shrinkage=0.1) if is_mapped else None
    found = cr.mixed_test(NEW, OLD, shares=[0, 0.25, 1, 0.5], order=order, backward_map=backward)
    assert found.shares.tolist() == [0, 0.25, 0.5, 1]
    mapped = backward.apply(PROBLEM.new) if is_mapped else PROBLEM.new
    for share, hits in zip(found.shares, found.hits, strict=True):
        is_new = np.isin(np.arange(20), order[: round(20 * share)])
        scores = np.where(is_new, unit(PROBLEM.new) @ unit(RENEWED).T, unit(mapped) @ unit(PROBLEM.gallery).T)
        due = PROBLEM.gallery_labels[scores.argmax(axis=1)] == PROBLEM.query_labels
        np.testing.assert_array_equal(hits, due)
    before = cr.check_replacement(*PROBLEM.features, **PROBLEM.labels).old_hits
    assert found.old_accuracy == before.mean()


def test_each_half_of_a_class_has_a_template_of_its_own():
    order = np.random.default_rng(2).permutation(20)
    found = cr.mixed_test(NEW, OLD, shares=[0.5, 0.8], order=order, metric="template")
    for share, hits in zip(found.shares, found.hits, strict=True):
        is_new = np.isin(np.arange(20), order[: round(20 * share)])
        for i in range(40):
            best, label = -np.inf, -1
            for c in range(4):
                for half, items in ((~is_new, PROBLEM.gallery), (is_new, RENEWED)):
                    mine = half & (PROBLEM.gallery_labels == c)
                    if mine.any():
                        mean = unit(items)[mine].sum(axis=0)
                        score = PROBLEM.new[i] @ mean / np.linalg.norm(mean)
                        best, label = (score, c) if score > best else (best, label)
            assert hits[i] == (label == PROBLEM.query_labels[i])


@pytest.mark.parametrize("metric", ["nearest", "template"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_queries_that_are_items_do_not_find_themselves_in_either_half(metric, share):
    ids, labels = np.arange(20), PROBLEM.gallery_labels
    old = cr.Encodings(
        PROBLEM.gallery, PROBLEM.gallery, query_labels=labels, gallery_labels=labels, query_ids=ids, gallery_ids=ids
    )
    new = cr.Encodings(RENEWED, RENEWED, query_ids=ids, gallery_ids=ids)
    order = np.random.default_rng(3).permutation(20)
    found = cr.mixed_test(new, old, shares=[share], order=order, metric=metric).hits[0]
    is_new = np.isin(ids, order[: round(20 * share)])
    for i in ids:
        best, label = -np.inf, -1
        for half, items in ((~is_new, unit(PROBLEM.gallery)), (is_new, unit(RENEWED))):
            groups = [[j] for j in ids] if metric == "nearest" else [ids[labels == c] for c in range(4)]
            for group in groups:
                mine = [j for j in group if half[j] and j != i]
                if mine:
                    mean = items[mine].sum(axis=0)
                    score = unit(RENEWED)[i] @ mean / np.linalg.norm(mean)
                    best, label = (score, labels[mine[0]]) if score > best else (best, label)
        assert found[i] == (label == labels[i])


def test_each_share_is_judged_at_its_part_of_delta():
    found = cr.mixed_test(NEW, OLD, shares=[0, 0.5, 1], metric="template", delta=0.3, rng=0)
    before = cr.check_replacement(*PROBLEM.features, **PROBLEM.labels, metric="template").old_hits
    for i, hits in enumerate(found.hits):
        due = cr.compare_hits(hits, before, delta=0.1)
        assert (found.verdicts[i], found.lower[i], found.upper[i]) == (due.verdict, due.lower, due.upper)
        assert found.differences[i] == due.difference
    last = [share for share, word in zip(found.shares, found.verdicts, strict=True) if word == "yes"]
    assert found.safe_share == (min(last) if found.verdicts[-1] == "yes" else None)


def test_the_ends_are_the_old_gallery_and_the_new_one():
    for metric in ("nearest", "template"):
        found = cr.mixed_test(NEW, OLD, shares=[0, 1], metric=metric, rng=0)
        old = cr.check_replacement(*PROBLEM.features, **PROBLEM.labels, metric=metric)
        anew = cr.check_replacement(PROBLEM.new, PROBLEM.old, RENEWED, **PROBLEM.labels, metric=metric)
        np.testing.assert_array_equal(found.hits[0], old.new_hits)
        np.testing.assert_array_equal(found.hits[1], anew.new_hits)


def test_spaces_of_unlike_widths_meet_through_a_map():
    wide = np.concatenate([PROBLEM.new, np.ones((40, 2))], axis=1), np.concatenate([RENEWED, np.ones((20, 2))], axis=1)
    new = cr.Encodings(*wide)
    with pytest.raises(ValueError, match=r"`new` must have the width of `old` \(3\); got 5\. Use fit_map"):
        cr.mixed_test(new, OLD, shares=[0.5], rng=0)
    backward = cr.fit_map(wide[1], PROBLEM.gallery, method="affine")
    assert cr.mixed_test(new, OLD, shares=[0.5, 1], backward_map=backward, rng=0).hits.shape == (2, 40)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"shares": [1.1]}, r"`shares\[0\]` must be in \[0, 1\]; got 1.1"),
        ({"shares": [0.5, -0.1]}, r"`shares\[1\]` must be in \[0, 1\]; got -0.1"),
        ({"shares": []}, "`shares` must be at least one share; got none"),
        ({"shares": [0.5], "order": [0, 0]}, "`order` must be the numbers 0 to 19, each once"),
        ({"shares": [0.5], "margin": 1.0}, "`margin` must be in"),
        ({"shares": [0.5], "delta": 0.0}, "`delta` must be in"),
    ],
)
def test_migrations_refuse_in_one_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        cr.mixed_test(NEW, OLD, **options)


def test_a_share_of_what_is_not_encoded_is_refused():
    part = cr.Encodings(PROBLEM.new, RENEWED[:5])
    with pytest.raises(ValueError, match="`shares` must be shares of at most 0.25"):
        cr.mixed_test(part, OLD, shares=[0.5], rng=0)
    with pytest.raises(ValueError, match="`order` must be one that begins with the items"):
        cr.mixed_test(part, OLD, shares=[0.25], order=np.arange(20)[::-1])
    assert cr.mixed_test(part, OLD, shares=[0.25], order=np.arange(20)).hits.shape == (1, 40)
    assert cr.mixed_test(cr.Encodings(PROBLEM.new), OLD, shares=[0.0]).hits.shape == (1, 40)


def named(order, part):
    """The same encodings with ids, those of the new encoder in another order and in part."""
    queries, items = (np.array([f"{kind}{i}" for i in range(n)]) for kind, n in (("q", 40), ("g", 20)))
    old = cr.Encodings(PROBLEM.old, PROBLEM.gallery, **PROBLEM.labels, query_ids=queries, gallery_ids=items)
    new = cr.Encodings(PROBLEM.new[order], RENEWED[part], query_ids=queries[order], gallery_ids=items[part])
    return new, old


def test_items_in_another_order_are_joined_by_their_ids_and_said():
    rng = np.random.default_rng(2)
    order, part = rng.permutation(40), rng.permutation(20)[:12]
    both = join(*named(order, part))
    np.testing.assert_array_equal(both.new, PROBLEM.new)
    np.testing.assert_array_equal(both.encoded, np.sort(part))
    np.testing.assert_array_equal(both.new_gallery, RENEWED[np.sort(part)])
    assert both.exclude is None
    assert "queries were joined by their ids" in both.message
    assert "items of the gallery were joined by their ids" in both.message
    assert join(*named(np.arange(40), np.arange(20))).message == ""


def test_rows_of_other_items_are_noticed_by_their_labels():
    turned = {"query_labels": PROBLEM.query_labels[::-1], "gallery_labels": PROBLEM.gallery_labels}
    with pytest.raises(ValueError, match="`query_labels` must be the same in both files, item by item; got"):
        join(cr.Encodings(PROBLEM.new[::-1], RENEWED, **turned), OLD)
    turned = {"query_labels": PROBLEM.query_labels, "gallery_labels": np.roll(PROBLEM.gallery_labels, 1)}
    with pytest.raises(ValueError, match="`gallery_labels` must be the same in both files, item by item; got"):
        join(cr.Encodings(PROBLEM.new, RENEWED, **turned), OLD)
    assert join(cr.Encodings(PROBLEM.new, RENEWED, **PROBLEM.labels), OLD).message == ""


def test_queries_of_the_new_file_alone_are_counted():
    new, old = named(np.arange(40), np.arange(20))
    fewer = cr.Encodings(
        old.queries[:30],
        old.gallery,
        query_labels=old.query_labels[:30],
        gallery_labels=old.gallery_labels,
        query_ids=old.query_ids[:30],
        gallery_ids=old.gallery_ids,
    )
    assert join(new, fewer).message == "10 queries of the new file alone were left out"


def test_queries_that_are_items_are_left_out_by_their_ids():
    ids = np.arange(20)
    old = cr.Encodings(
        PROBLEM.gallery,
        PROBLEM.gallery,
        query_labels=PROBLEM.gallery_labels,
        gallery_labels=PROBLEM.gallery_labels,
        query_ids=ids,
        gallery_ids=ids,
    )
    both = join(cr.Encodings(RENEWED, query_ids=ids), old)
    assert both.exclude.tolist() == ids.tolist()
    assert "20 queries are items of the gallery, and do not find themselves" in both.message
    found = cr.mixed_test(cr.Encodings(RENEWED, query_ids=ids), old, shares=[0.0])
    assert found.old_accuracy < 1


@pytest.mark.parametrize(
    ("new", "old", "sentence"),
    [
        (cr.Encodings(PROBLEM.new[:9]), OLD, "`new` must be queries in the number of the old ones, 40; got 9"),
        (
            NEW,
            cr.Encodings(PROBLEM.old),
            "`old` must be encodings with a gallery and labels of both; got none of gallery",
        ),
        (cr.Encodings(PROBLEM.new, query_ids=range(40)), OLD, "`query_ids` must be in both files or in none"),
        (
            cr.Encodings(PROBLEM.new, np.ones((21, 3))),
            OLD,
            "`gallery` must be at most the 20 items of the old one; got 21",
        ),
        (
            cr.Encodings(PROBLEM.new, RENEWED, gallery_ids=range(20)),
            OLD,
            "`gallery_ids` must be in both files or in none",
        ),
    ],
)
def test_encodings_that_do_not_fit_are_refused(new, old, sentence):
    with pytest.raises(ValueError, match=sentence):
        join(new, old)


def test_ids_occur_once_and_in_both():
    with pytest.raises(ValueError, match="`query_ids` must be names that occur once; got 3"):
        cr.Encodings(np.ones((2, 2)), query_ids=[3, 3])
    with pytest.raises(ValueError, match="`gallery_labels` must be one for each of 20 items; got 3"):
        cr.Encodings(PROBLEM.old, PROBLEM.gallery, gallery_labels=[1, 2, 3])
    new, old = named(np.arange(40), np.arange(20))
    odd = cr.Encodings(PROBLEM.new, query_ids=range(40))
    with pytest.raises(
        ValueError, match="`query_ids` must be the same names in both files; got no 'q0' in the new one"
    ):
        join(odd, old)
    odd = cr.Encodings(PROBLEM.new, RENEWED[:1], query_ids=new.query_ids, gallery_ids=["other"])
    with pytest.raises(ValueError, match="`gallery_ids` must be names of the old gallery; got 'other'"):
        join(odd, old)


def run(capsys, *line):
    status = main(["compatible_representations", *map(str, line)])
    return status, capsys.readouterr().out


def test_verbs_answer_from_two_files(capsys):
    files = FILES / "new_vectors.npz", FILES / "old_vectors.npz"
    old, new = (np.load(FILES / f"{kind}_vectors.npz") for kind in ("old", "new"))
    place = {name: i for i, name in enumerate(new["query_ids"].tolist())}
    rows = new["queries"][[place[name] for name in old["query_ids"].tolist()]]
    labels = {name: old[name] for name in ("query_labels", "gallery_labels")}
    for metric in ("nearest", "template"):
        due = cr.check_replacement(rows, old["queries"], old["gallery"], **labels, metric=metric)
        status, told = run(capsys, "replaceable", *files, "--metric", metric)
        assert status == {"yes": 0, "no": 1, "undecided": 2}[due.verdict]
        assert due.verdict in told
        assert "queries were joined by their ids" in told
    status, told = run(capsys, "migration", *files, "--shares", "0,0.5")
    assert status == 0
    assert "0.5" in told
    assert run(capsys, "migration", *files, "--shares", "0,x")[0] == 3


def test_a_map_is_written_and_judged_on_others(capsys, tmp_path):
    out = tmp_path / "map.npz"
    status, told = run(capsys, "map", FILES / "new_vectors.npz", FILES / "old_vectors.npz", "-o", out)
    assert status == 0
    assert "items_needed" in told
    assert cr.BackwardMap.from_file(out).matrix.shape == (3, 3)


def test_hits_of_another_engine_are_joined_by_query(capsys, tmp_path):
    new, old = (cr.HitList.from_file(FILES / f"{kind}_hits.csv") for kind in ("new", "old"))
    due = cr.compare_hits(*new.beside(old))
    status, _ = run(capsys, "hits", FILES / "new_hits.csv", FILES / "old_hits.csv")
    assert status == {"yes": 0, "no": 1, "undecided": 2}[due.verdict]
    assert (
        dict(zip(new.queries, new.scores, strict=True))["query-0"] == new.beside(old)[0][new.queries.index("query-0")]
    )
    (tmp_path / "short.csv").write_text("query,ndcg\nquery-0,0.5\n")
    assert run(capsys, "hits", tmp_path / "short.csv", FILES / "old_hits.csv")[0] == 3
    (tmp_path / "twice.csv").write_text("query,hit\na,1\na,0\n")
    with pytest.raises(ValueError, match=r"twice.csv: `queries` must be names that occur once; got 'a'"):
        cr.HitList.from_file(tmp_path / "twice.csv")
    (tmp_path / "odd.csv").write_text("query,hit\na,2\n")
    with pytest.raises(ValueError, match=r"odd.csv: `scores` must be in \[0, 1\]"):
        cr.HitList.from_file(tmp_path / "odd.csv")


def test_files_of_encodings_are_read_or_refused(tmp_path):
    np.savez(tmp_path / "a.npz", queries=PROBLEM.new.astype(np.float16))
    assert cr.Encodings.from_file(tmp_path / "a.npz").queries.dtype == np.float32
    np.savez(tmp_path / "b.npz", vectors=PROBLEM.new)
    with pytest.raises(ValueError, match=r"b.npz: the array queries is needed; got \['vectors'\]"):
        cr.Encodings.from_file(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", queries=PROBLEM.new, ids=np.arange(40))
    with pytest.raises(ValueError, match=r"c.npz: arrays are called queries, .*; got ids"):
        cr.Encodings.from_file(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", queries=np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"d.npz: `queries` must be finite non-zero rows; got row 0"):
        cr.Encodings.from_file(tmp_path / "d.npz")
