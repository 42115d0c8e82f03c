"""Operations of blocks compiled for training on the CPU; each equals torch's up to rounding."""
