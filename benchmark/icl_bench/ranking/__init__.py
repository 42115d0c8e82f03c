"""Many models on the same resamples of the prompts: comparisons and boards."""
