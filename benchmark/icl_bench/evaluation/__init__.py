"""Evaluation: any predictor on frozen prompts, checked, scored with intervals, and recorded."""
