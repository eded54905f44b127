"""Generated tables: closed forms, the published instances, and a chain simulated by hand."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lrtheory.alpha_rank import (
    alpha_rank,
    elo,
    load_roshambo,
    make_bradley_terry,
    make_good_bad,
    response_graph,
)


def test_bradley_terry():
    plain = make_bradley_terry(6, strength_std=1.5, rng=0).payoffs[0]
    logits = np.log(plain / (1 - plain))
    assert np.allclose(logits[0, 1] + logits[1, 2], logits[0, 2])
    assert np.allclose(elo(1000 * plain, ridge=1e-9).predicted, plain, atol=1e-6)
    turned = make_bradley_terry(6, strength_std=1.5, rotation=2.0, rng=0)
    cyclic = np.log(turned.payoffs[0] / turned.payoffs[1]) - logits
    assert np.linalg.matrix_rank(cyclic, tol=1e-8) == 2
    assert np.allclose(cyclic, -cyclic.T)
    assert np.allclose(turned.payoffs.sum(axis=0), 1)
    assert turned.outcomes == "bernoulli"


def test_good_bad_of_the_paper():
    two = make_good_bad(2, 2)
    assert np.allclose(2 * two.payoffs[0] - 1, [[0, -0.1, 1, 1], [0.1, 0, 1, 1], [-1, -1, 0, 0], [-1, -1, 0, 0]])
    three = 2 * make_good_bad(3, 5, p=0.1).payoffs[0] - 1
    assert np.allclose(three[:3, :3], 0.1 * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]))
    assert np.allclose(three, -three.T)
    pi = alpha_rank(make_good_bad(3, 5), population="single").pi
    assert np.allclose(pi, [1 / 3] * 3 + [0] * 5)
    assert alpha_rank(two, population="single").pi.tolist() == [0, 1, 0, 0]
    assert (response_graph(two, population="single").direction[2:] == 0).sum() == 2


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: make_bradley_terry(0), "`n_strategies`"),
        (lambda: make_bradley_terry(2, strength_std=-1), "`strength_std`"),
        (lambda: make_good_bad(0, 1), "`n_good`"),
        (lambda: make_good_bad(1, 1, p=2), "`p`"),
    ],
)
def test_bad_input(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_roshambo_without_open_spiel(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(ImportError, match="needs open-spiel: pip install open-spiel"):
        load_roshambo()


class ToyMatch:
    """A match that the bot with the larger name wins by 500 throws."""

    def __init__(self):
        self.over = False

    def is_terminal(self):
        return self.over

    def apply_actions(self, names):
        self.over, self.names = True, names

    def returns(self):
        return (500.0, -500.0) if self.names[0] > self.names[1] else (-500.0, 500.0)


def test_roshambo_on_a_toy(monkeypatch):
    toy = SimpleNamespace(
        roshambo_bot_names=lambda: ["rock", "paper", "ace"],
        load_game=lambda text: SimpleNamespace(new_initial_state=ToyMatch),
        make_roshambo_bot=lambda player, name, throws: SimpleNamespace(step=lambda state: name),
    )
    monkeypatch.setitem(sys.modules, "pyspiel", toy)
    game = load_roshambo(n_matches=3, rng=0)
    assert game.names[0] == ("rock", "paper", "ace")
    assert np.allclose(game.payoffs[0], [[0, 0.5, 0.5], [-0.5, 0, 0.5], [-0.5, -0.5, 0]])
    assert np.allclose(game.payoffs[1], game.payoffs[0].T)
    for bots in (["rock", "rock"], ["queen"], []):
        with pytest.raises(ValueError, match="`bots` must be different names among rock"):
            load_roshambo(bots=bots)


def test_roshambo_itself():
    pytest.importorskip("pyspiel")
    bots = ("rockbot", "copybot", "greenberg")
    game = load_roshambo(bots=bots, rng=0)
    assert np.array_equal(game.payoffs, load_roshambo(bots=bots, rng=0).payoffs)
    assert game.payoffs[0][2, 0] > 0.9
