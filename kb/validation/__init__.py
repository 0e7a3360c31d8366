"""Validation: shapes to a plan, the plan over columns, a report."""
