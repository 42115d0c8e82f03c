"""From predictions to errors, metrics and their intervals over prompts."""
