"""The function classes of the benchmark: one file each, found by `type` through `FUNCTION_CLASSES`."""
