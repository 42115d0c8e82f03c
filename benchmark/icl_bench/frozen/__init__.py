"""Frozen errors of baselines: computed, chosen, frozen, verified; the anchors of a task's scores."""
