"""What the gate does about a result: refuse the commit, quarantine the node, or warn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..settings import Action
from .report import Result, ValidationReport
from .vocabulary import local_name


@dataclass(frozen=True)
class Policy:
    """Actions by shape (identifier or IRI) and by severity (local name or IRI); a shape's comes first.

    What is not named: a Violation is quarantined, anything else is a warning.

    >>> Policy({"CKB-003": "quarantine"}).actions["CKB-003"]
    'quarantine'
    """

    actions: Mapping[str, Action] = field(default_factory=dict)

    def action(self, one: Result) -> Action:
        """What is to be done about a result."""
        if self.actions:
            shapes = (str(node).strip("<>") for node in (one.source_shape, one.root_shape))
            for name in (one.shape_id, *shapes, local_name(one.severity), one.severity.value):
                if name and name in self.actions:
                    return self.actions[name]
        return "quarantine" if local_name(one.severity) == "Violation" else "warn"

    def select(self, report: ValidationReport, *actions: Action) -> list[Result]:
        """The results that one of these actions is for."""
        return [one for one in report.results if self.action(one) in actions]
