"""Numbers of rankings, and the laws behind them."""
