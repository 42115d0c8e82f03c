"""Baselines: predictors that are not trained beforehand, one file each, found by their name."""
