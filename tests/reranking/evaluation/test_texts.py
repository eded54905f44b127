"""Texts by name from tables with and without names of columns."""

import pytest

from lrtheory.reranking.retrieval.texts import Texts

FORMS = {
    "a.tsv": "d1\tblack bears\nd2\tbirds\n",
    "named.tsv": "id\ttext\nd1\tblack bears\nd2\tbirds\n",
    "one.csv": "doc_id,contents\nd1,black bears\nd2,birds\n",
    "a.jsonl": '{"_id": "d1", "title": "black", "text": "bears"}\n{"_id": "d2", "title": "", "text": "birds"}\n',
    "a.json": '[{"id": "d1", "text": "black bears"}, {"id": "d2", "text": "birds"}]',
}


@pytest.mark.parametrize(("name", "text"), FORMS.items(), ids=FORMS)
def test_texts_in_every_form(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    assert Texts.from_file(tmp_path / name).as_dict() == {"d1": "black bears", "d2": "birds"}


def test_a_single_line_and_an_empty_text(tmp_path):
    (tmp_path / "a.tsv").write_text("q\tx y\n")
    assert Texts.from_file(tmp_path / "a.tsv").as_dict() == {"q": "x y"}
    (tmp_path / "a.csv").write_text("id,text\nd,\n")
    assert Texts.from_file(tmp_path / "a.csv").as_dict() == {"d": ""}


REFUSED = {
    "names of columns alone": ("id,text\n", "a.csv: no row"),
    "twice": ("id,text\nd,x\nd,y\n", r"a.csv:3: `id` must be different in each row; got 'd'"),
    "one column": ("text\nd\n", "a column for `text` is needed"),
    "no name": ("id,text\n,x\n", "a.csv:2: `id` must be there"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text, told, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=told):
        Texts.from_file(tmp_path / "a.csv")


def test_texts_that_do_not_fit():
    for names, texts in ((["a", "a"], ["x", "y"]), (["a"], ["x", "y"]), ([""], ["x"])):
        with pytest.raises(ValueError, match="must be"):
            Texts(names, texts)
    with pytest.raises(TypeError, match="`texts` must be strings"):
        Texts(["a"], [1])
