"""Figures of alpha-Rank: intensity, sampling, intervals, exact failures, ratings, information gain, and boards."""

from figures.alpha_rank.boards import NETWORK, ONLY_WINS, PLAYING_ON, WHO_IS_FIRST, WRONG_PAIRS
from figures.alpha_rank.exact_failures import EXACT_FAILURES
from figures.alpha_rank.information import GOOD_BAD
from figures.alpha_rank.intensity import INTENSITY
from figures.alpha_rank.intervals import KUHN
from figures.alpha_rank.ratings import ELO
from figures.alpha_rank.sweeps import BERNOULLI_SWEEP, KUHN_SWEEP
from figures.alpha_rank.two_by_two import TWO_BY_TWO

__all__ = [
    "BERNOULLI_SWEEP",
    "ELO",
    "EXACT_FAILURES",
    "GOOD_BAD",
    "INTENSITY",
    "KUHN",
    "KUHN_SWEEP",
    "NETWORK",
    "ONLY_WINS",
    "PLAYING_ON",
    "TWO_BY_TWO",
    "WHO_IS_FIRST",
    "WRONG_PAIRS",
]
