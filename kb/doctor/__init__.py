"""The doctor: proves that journal, columns and Oxigraph say the same, and mends what can be derived."""

from .diagnosis import Diagnosis, Finding, Progress
from .examination import diagnose
from .rebuild import Rebuilt, rebuild

__all__ = ["Diagnosis", "Finding", "Progress", "Rebuilt", "diagnose", "rebuild"]
