"""Probes, measurements of a predictor that are not its error: one file each, described in `base`."""
