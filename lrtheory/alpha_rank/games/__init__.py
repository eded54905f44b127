"""Meta-games to play with: tables of win rates, Kuhn poker, the repeated prisoner's dilemma."""
