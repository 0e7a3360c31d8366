"""Querying: guard the text, choose the view, run, hand out the results."""
