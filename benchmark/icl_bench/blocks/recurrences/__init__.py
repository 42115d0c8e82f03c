"""Recurrences of heads, each as a step and as a form over all tokens at once: pure functions of tensors."""
