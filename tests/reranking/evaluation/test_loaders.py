"""Texts of installed packages have the numbers that are known of them."""

import numpy as np
import pytest

from lrtheory import reranking as rr
from lrtheory._data import read
from lrtheory.reranking.loaders import DATA_SETS, talks_of


def test_lee_documents(data):
    data("lee_documents")
    lee = rr.load_lee_documents()
    assert (len(lee.texts), len(lee.background), lee.similarity.shape) == (50, 300, (50, 50))
    assert (lee.similarity == lee.similarity.T).all()
    assert (np.diag(lee.similarity) == 1).all()
    assert (lee.similarity.min(), lee.similarity[0, 1]) == (0.2, 0.3)
    judgments = lee.judgments
    assert (len(judgments.queries), len(judgments.docs), judgments.gains.min()) == (50, 50 * 49, 0)
    # a random order has the mean gain at each rank
    nothing = rr.Run.from_dict({q: dict.fromkeys(one, 0.0) for q, one in judgments.as_dict().items()})
    assert rr.evaluate(nothing, judgments, "ndcg@10", ties="expected").mean[0] == pytest.approx(0.3326, abs=5e-5)


def test_question_answers(data):
    data("question_answers")
    found = rr.load_question_answers()
    assert (len(found.questions), len(found.answers), len(found.pairs)) == (749, 871, 898)
    assert len(found.judgments.docs) == 898
    assert min(map(len, found.questions)) > 1


def test_talks_are_read_as_yaml_has_them(data):
    yaml = pytest.importorskip("yaml")
    data("question_answers")
    for one in DATA_SETS[3:]:
        text = read(one).decode()
        theirs = yaml.safe_load(text)["conversations"]
        # one question without its dash is a string that holds its answer, in quotes
        repaired = [
            talk if isinstance(talk, list) else [one.strip("'") for one in talk.split(" - ")] for talk in theirs
        ]
        assert list(talks_of(text)) == repaired


def test_strings_in_quotes_and_blocks():
    said = [
        "- - 'it''s",
        "    so'",
        '  - "a \\"b\\""',
        "- - q",
        "  - |",
        "    one",
        "",
        "    two",
        "- r",
        "  - '7'",
        "",
    ]
    text = "\n".join(["categories:", "- x", "conversations:", *said])
    assert list(talks_of(text)) == [["it's so", 'a "b"'], ["q", "one\n\ntwo\n"], ["r", "7"]]
