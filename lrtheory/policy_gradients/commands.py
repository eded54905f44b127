"""The verbs of the shell: what logs of answers say of a policy and of its training."""

from __future__ import annotations

from typing import Literal

from lrtheory.policy_gradients.pass_at_k import PassAtK
from lrtheory.policy_gradients.pass_at_k import pass_at_k as estimated
from lrtheory.policy_gradients.problem import AnswerLog
from lrtheory.policy_gradients.sharpening import Sharpening, SignalShare, sharpening_report, signal_share

__all__ = ["groups", "pass_at_k", "sharpening"]

#: verbs that ask a question of yes or no
DECIDES = ("sharpening",)
#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"groups": {"group_sizes": "sizes"}}


def pass_at_k(
    log: AnswerLog, *, k: str = "1", delta: float = 0.05, population: Literal["like these", "these"] = "like these"
) -> PassAtK:
    """Estimate how likely one of k answers to a problem is right, with intervals.

    Parameters
    ----------
    log : AnswerLog
        Answers, a row each: problem,correct; or a row for each problem: problem,n,c with c of n answers right.
    k : str
        Number of answers, or several between commas.
    delta : float
        Probability that an interval fails.
    population : str
        Problems that intervals speak of: the kind from which those of the log were drawn, or those of the log alone.

    Returns
    -------
    PassAtK
        A row for each k.

    Examples
    --------
    lrtheory policy_gradients pass-at-k answers_before.jsonl -k 1,4,8 --plot passed.png
    """
    return estimated(log, k=_numbers("-k", k), delta=delta, population=population)


def sharpening(before: AnswerLog, after: AnswerLog, *, delta: float = 0.05) -> Sharpening:
    """Say whether a training added something to what a model knew, or sharpened it.

    With --decided the exit code is 0 if right answers have certainly become more even, which sharpening does not do, 1
    if they have certainly become less even, and 2 while that is open.

    Parameters
    ----------
    before : AnswerLog
        Answers before the training, a row each: problem,correct,answer.
    after : AnswerLog
        Answers to the same problems after it.
    delta : float
        Probability that an interval fails.

    Returns
    -------
    Sharpening
        Verdict, and a row with pass@k before and after for each k.

    Examples
    --------
    lrtheory policy_gradients sharpening answers_before.jsonl answers_after.jsonl --decided
    """
    return sharpening_report(before, after, delta=delta)


def groups(log: AnswerLog, *, sizes: str = "4,8,16", delta: float = 0.05) -> SignalShare:
    """Say which share of prompts gives groups without signal, for several sizes of groups.

    Parameters
    ----------
    log : AnswerLog
        Answers, a row each: problem,correct; or a row for each problem: problem,n,c with c of n answers right.
    sizes : str
        Answers of a group, or several such numbers between commas.
    delta : float
        Probability that an interval fails.

    Returns
    -------
    SignalShare
        A row for each size.

    Examples
    --------
    lrtheory policy_gradients groups answers_before.jsonl --sizes 2,4,8
    """
    return signal_share(log, group_sizes=_numbers("--sizes", sizes), delta=delta)


def _numbers(option: str, words: str) -> list[int]:
    """The numbers that are typed, with commas between them."""
    found = [word.strip() for word in words.split(",")]
    if not all(word.isdecimal() for word in found):
        raise ValueError(f"{option} takes a number, or several such as 1,2,4; got {words!r}")
    return [int(word) for word in found]
