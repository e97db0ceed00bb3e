"""Highest-density regions, from smooth densities fitted to draws and from point masses."""

from uncertain_scale.statistics.density.hdi import HighestDensity, highest_density

__all__ = ["HighestDensity", "highest_density"]
