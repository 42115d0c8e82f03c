"""icl-bench: a benchmark of in-context learning, with frozen prompts, exact predictors and intervals."""

from importlib.metadata import version

__version__ = version("icl-bench")
