"""The figures of boards: who can be first, schedules, customary rules, the network of battles, and what is next."""

from figures.alpha_rank.boards.customs import WRONG_PAIRS
from figures.alpha_rank.boards.growing import WHO_IS_FIRST
from figures.alpha_rank.boards.networks import NETWORK
from figures.alpha_rank.boards.only_wins import ONLY_WINS
from figures.alpha_rank.boards.playing_on import PLAYING_ON

__all__ = ["NETWORK", "ONLY_WINS", "PLAYING_ON", "WHO_IS_FIRST", "WRONG_PAIRS"]
