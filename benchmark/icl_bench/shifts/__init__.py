"""What a variant changes of the prompts of the task that it is a variant of, one file a shift."""
