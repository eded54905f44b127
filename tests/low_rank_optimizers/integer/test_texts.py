"""Texts of one's own, from strings and from files."""

from __future__ import annotations

import gzip

import pytest

from lrtheory.low_rank_optimizers import IntegerES, IntegerRNN, TextProblem

TEXT = "To be,  or not\n\tto be: that is\r\nthe question.\n"
PLAIN = "To be, or not to be: that is the question."


def spelled(problem):
    return "".join(problem.alphabet[i] for i in problem.symbols)


@pytest.mark.parametrize("pack", [False, True])
def test_a_file_is_read_character_by_character(tmp_path, pack):
    path = tmp_path / ("text.txt.gz" if pack else "text.txt")
    path.write_bytes(gzip.compress(TEXT.encode()) if pack else TEXT.encode())
    problem = TextProblem.from_file(path)
    assert spelled(problem) == PLAIN
    assert problem.n_symbols == len(set(PLAIN))
    assert spelled(TextProblem.from_file(path, alphabet="abehiknoqrstTu ?")) == PLAIN.translate(
        {ord(mark): "?" for mark in ",:."}
    )


def test_accents_and_a_mark_at_the_beginning_are_read(tmp_path):
    path = tmp_path / "été"
    path.write_bytes("l'été".encode("utf-8-sig"))
    assert spelled(TextProblem.from_file(path)) == "l'été"


def test_a_network_is_trained_on_a_text_of_ones_own():
    problem = TextProblem.from_text(40 * "ab ")
    strategy = IntegerES(IntegerRNN(problem.n_symbols, 8, rng=0), population_size=64, rng=0)
    bits = strategy.train(problem, 40).bits
    assert bits[-1] < bits[0]


def test_bad_texts_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        TextProblem.from_file(tmp_path / "none.txt")
    (tmp_path / "blank.txt").write_text(" \n ")
    with pytest.raises(ValueError, match="`path` must be a file with a text"):
        TextProblem.from_file(tmp_path / "blank.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="not UTF-8"):
        TextProblem.from_file(tmp_path / "latin.txt")
    for alphabet in ("", "aba"):
        with pytest.raises(ValueError, match="`alphabet` must be characters that are all different"):
            TextProblem.from_text("ab", alphabet=alphabet)
    with pytest.raises(TypeError, match="`text` must be a string"):
        TextProblem.from_text(5)
    with pytest.raises(TypeError, match="`alphabet` must be a string"):
        TextProblem.from_text("ab", alphabet=["a", "b"])
    with pytest.raises(ValueError, match="`text` must be a string with at least one character"):
        TextProblem.from_text("")
