"""`python -m icl_bench`: the command `icl-bench`."""

from icl_bench.cli import app

if __name__ == "__main__":
    app()
