"""What baselines compute in compiled loops; imported at the first answer, because numba is slow to import."""
