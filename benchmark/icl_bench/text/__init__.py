"""Prompts as texts, and language models that answer them."""
