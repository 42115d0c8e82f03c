"""Checkpoints of earlier code turned into ours: a file a format, and what the formats share."""
