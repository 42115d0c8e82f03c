"""Schemas of every declarative file: strict, closed, and never code."""
