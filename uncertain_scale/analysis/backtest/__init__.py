"""Backtests: forecasts of published runs, scored, and the fit of the MFU prior to them."""

from uncertain_scale.analysis.backtest.mfu_fit import fit_mfu, fitted_runs
from uncertain_scale.analysis.backtest.study import Backtest, Score, Tested, backtest, score

__all__ = ["Backtest", "Score", "Tested", "backtest", "fit_mfu", "fitted_runs", "score"]
