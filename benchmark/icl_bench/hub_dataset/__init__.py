"""A suite as a dataset for the Hub: Parquet files of its prompts, a card, Croissant metadata, `eval.yaml`."""
