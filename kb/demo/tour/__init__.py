"""A newcomer's walk through the demo shop: five moments, each found by asking the store."""

from .moments import Moment, moments
from .prepare import prepare

__all__ = ["Moment", "moments", "prepare"]
