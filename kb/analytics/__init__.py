"""Analytic SPARQL answered from columns, with Oxigraph's answers."""
