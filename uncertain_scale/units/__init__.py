"""Units: how they are named, typed and converted."""

from uncertain_scale.units.parsing import Quantity, parse_quantity
from uncertain_scale.units.registry import conversion_factor, registry

__all__ = ["Quantity", "conversion_factor", "parse_quantity", "registry"]
