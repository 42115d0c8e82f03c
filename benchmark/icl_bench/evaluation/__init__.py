"""Evaluation: any predictor on frozen prompts, held to the rules, scored with intervals."""
