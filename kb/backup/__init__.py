"""Backups: a store's snapshot, journal, settings and keys in one folder or archive, with checksums of all of it."""

from .making import BackedUp, backup
from .restoring import Restored, restore

__all__ = ["BackedUp", "Restored", "backup", "restore"]
