"""Judged texts from files of installed packages: news that people have compared, and questions with their answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lrtheory._data import DataSet, read
from lrtheory.reranking.problem import Judgments

__all__ = ["DATA_SETS", "LeeDocuments", "QuestionAnswers", "load_lee_documents", "load_question_answers"]


def _of_gensim(file: str, sha256: str, what: str) -> DataSet:
    return DataSet(
        name="lee_documents",
        package="gensim",
        version="4.4.0",
        path=f"test/test_data/{file}",
        sha256=sha256,
        license="LGPL-2.1 (package)",
        terms="M. D. Lee, B. Pincombe, M. Welsh: texts of the Australian Broadcasting Corporation, for research",
        what=what,
    )


_TEXTS = _of_gensim(
    "lee.cor", "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e", "50 short texts of news"
)
_SIMILARITY = _of_gensim(
    "similarities0-1.txt",
    "23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
    "mean human similarities of all pairs of 50 texts",
)
_BACKGROUND = _of_gensim(
    "lee_background.cor",
    "5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
    "300 texts of the same kind that nobody has judged",
)
#: the files of questions and answers by topic, with their hashes
_TOPICS = {
    "ai": "620a65787a56641db4a03e1419a7578e813967218cf6721e3ea4ef90844916aa",
    "botprofile": "1a694c5288f3f8f87d027d2f98dae71d02efa88e28853a6e5d27e6dbce907294",
    "coding": "1726a8900a82ee32dad559809564f9ae97df9c52f42a8f1fcde84b1d54b1d260",
    "computers": "a222c5a432efe4289e6c5edf1c3d99fd26c48df99db0ff893d1d5ab569f5b750",
    "conversations": "1cf105b5802f377b2dc145f741f7df85629c9ca27e450538165286a75b5e3416",
    "emotion": "510a018938c1880dd0f67e1ae458e26878c91a570daef5a84fb83713c89f0989",
    "food": "68eab2497721d03044d520b70c27d8a0d8ba8e505b3265fb3a1ff3e1a64c7124",
    "gossip": "d6f1b1613ed70821fc1c427bdd00395f58b77ff57d76fbe4ab8cb2038cf15c9b",
    "greetings": "0dd7eb8dcee8e2a38cd1a137bcfbd7f3eb732cddfa1bd396fac5a24b063a4d55",
    "health": "eb88edc5302d688ca096374c7e3f5b9d7cd821f053a17d80204c4acdc20ea4f5",
    "history": "0ff4beeb6ef9b641dc12e1039a149c6a03eb8f2e183702fad2b0997fcc1d63e3",
    "humor": "d2aa03a63f0e8e054589f642788afbc41b8c76f5d734c50901a9a63b359ea06b",
    "literature": "9361ff1478273d811259ca307a1e6be23a5e08e776a5bc5d9524fb13deb886f1",
    "money": "2911d9766625ff5c2feb3d784f2951b2ebd5e9658547efce7568d0282c49274b",
    "movies": "075ca9d91a527206c635c88bf0353323826a25a6f2057be1bc71888af389f842",
    "politics": "c436d5efedea6f715a8a811423a8edf396097771eb11e43b1f0a43a6aee7c2f0",
    "psychology": "5047c211d35f715af4fbc3398f111135e99d34afcd0905a661c40bdeb1413a58",
    "science": "3c259799bba36c67a1601fc264ec01ab051e9e63950734ce1ef644e022081fe7",
    "sports": "8d1bcc632cad4058e3b8490daa15dcd7c2a51790a7b9140b252600b794590403",
    "tech_support": "8a87cdf32579c8efdd9c5f3ef166ae9fb76dcf271b958f5e2265b9246b430655",
    "trivia": "3a9de77e6d82803d1ea3eba48cf6543c884908f4c4f50501fed69f88112994dc",
}
_QUESTIONS = tuple(
    DataSet(
        name="question_answers",
        package="chatterbot-corpus",
        version="1.3.3",
        path=f"data/english/{topic}.yml",
        sha256=sha256,
        license="BSD-3-Clause (package)",
        terms="written by the contributors of the package, under its license",
        what=f"questions and answers on {topic.replace('_', ' ')}",
    )
    for topic, sha256 in _TOPICS.items()
)
DATA_SETS: tuple[DataSet, ...] = (_TEXTS, _SIMILARITY, _BACKGROUND, *_QUESTIONS)

#: similarities are means of ratings from 1 to 5, divided by 5
LEAST_SIMILARITY = 0.2


@dataclass(frozen=True)
class LeeDocuments:
    """Fifty texts of news that people have compared in pairs, and three hundred that nobody has.

    Parameters
    ----------
    texts : tuple of str
        The fifty texts.
    background : tuple of str
        Three hundred texts of the same kind.
    similarity : float64 array of shape (50, 50)
        Mean human similarity of each pair, from 0.2 to 1; 1 for a text and itself.
    """

    texts: tuple[str, ...]
    background: tuple[str, ...]
    similarity: np.ndarray

    @property
    def judgments(self) -> Judgments:
        """Each text as a query for the 49 others, by their numbers, with gains (s - 0.2) / 0.8 for similarities s."""
        n = len(self.texts)
        gains = (self.similarity - LEAST_SIMILARITY) / (1 - LEAST_SIMILARITY)
        return Judgments.from_dict({i: {j: max(0.0, float(gains[i, j])) for j in range(n) if j != i} for i in range(n)})


@dataclass(frozen=True)
class QuestionAnswers:
    """Questions, and the answers that belong to each.

    Parameters
    ----------
    questions : tuple of str
        Questions, all different.
    answers : tuple of str
        Answers, all different.
    pairs : int64 array of shape (pairs, 2)
        Numbers of a question and of an answer to it, all different.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    pairs: np.ndarray

    @property
    def judgments(self) -> Judgments:
        """Questions as queries and answers as documents, by their numbers, with gain 1 for an answer that belongs."""
        gains: dict[int, dict[int, float]] = {question: {} for question in range(len(self.questions))}
        for question, answer in self.pairs.tolist():
            gains[question][answer] = 1.0
        return Judgments.from_dict(gains)


def load_lee_documents() -> LeeDocuments:
    """Fifty short texts of news with the mean human similarity of all 1,225 pairs, and 300 unjudged texts.

    Returns
    -------
    LeeDocuments
        Texts and similarities.

    Raises
    ------
    ImportError
        If the package that holds the files is not installed.
    ValueError
        If a file is another one.

    References
    ----------
    .. [1] M. D. Lee, B. Pincombe, M. Welsh, An empirical evaluation of models of text document similarity, Proceedings
       of the 27th Annual Conference of the Cognitive Science Society, 2005.
    """
    texts, background = (tuple(read(data).decode("latin-1").splitlines()) for data in (_TEXTS, _BACKGROUND))
    rows = [line.split() for line in read(_SIMILARITY).decode("ascii").splitlines()]
    upper = np.triu(np.array(rows, np.float64))
    return LeeDocuments(texts, background, np.maximum(upper, upper.T))


def load_question_answers() -> QuestionAnswers:
    """749 questions on 21 topics, and 871 answers; each answer belongs to the questions that it was written for.

    Returns
    -------
    QuestionAnswers
        Questions and answers.

    Raises
    ------
    ImportError
        If the package that holds the files is not installed.
    ValueError
        If a file is another one.
    """
    pairs = [(talk[0], talk[1]) for data in _QUESTIONS for talk in talks_of(read(data).decode("utf-8")) if talk[1:]]
    questions, answers = ({text: i for i, text in enumerate(dict.fromkeys(one))} for one in zip(*pairs, strict=True))
    numbers = sorted({(questions[question], answers[answer]) for question, answer in pairs})
    return QuestionAnswers(tuple(questions), tuple(answers), np.array(numbers, np.int64))


def talks_of(text: str) -> Iterator[list[str]]:
    """Yield the talks of a file, each as the list of what was said.

    The files are YAML of one form: a list of lists of strings, plain, in quotes, or as a block, below the line
    ``conversations:``. No more of YAML is read. One question lacks the second dash, which makes it a string with its
    answer inside; it is read as the others are.

    Parameters
    ----------
    text : str
        Content of a file.

    Yields
    ------
    list of str
        A question, its answer, and what may follow.
    """
    talk: list[str] = []
    said: list[str] = []
    for line in [*text.partition("\nconversations:\n")[2].split("\n"), "- - "]:
        found = re.match(r"- (- )?| {2}- ", line)
        if not found:
            said.append(line)
            continue
        if said:
            talk.append(_string(said))
        if line.startswith("- ") and talk:
            yield talk
            talk = []
        said = [line[found.end() :]]


def _string(lines: list[str]) -> str:
    """The string that stands in some lines, of which all but the first are indented by four blanks."""
    first, *others = lines
    if first.strip() == "|":
        return "\n".join(line[4:] for line in others).rstrip("\n") + "\n"
    folded = " ".join(line.strip(" ") for line in lines if line.strip(" "))
    if folded.startswith("'"):
        return folded[1:-1].replace("''", "'")
    return str(json.loads(folded)) if folded.startswith('"') else folded
