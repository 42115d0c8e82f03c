"""The modules an architecture is made of: one file a block, spec and torch module side by side."""
