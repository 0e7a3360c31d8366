"""Reasoning: an ontology becomes rules, rules over columns give consequences, each with a proof."""
