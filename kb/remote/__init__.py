"""A knowledge base behind a server, asked over HTTP."""

from .knowledge import RemoteKnowledgeBase, RemoteSnapshot

__all__ = ["RemoteKnowledgeBase", "RemoteSnapshot"]
