"""Model cards for the Hub: what a checkpoint is, its scores, and the same as the Hub's own metadata."""
