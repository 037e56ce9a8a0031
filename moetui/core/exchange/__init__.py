"""Runs to and from the files of others: metrics.json, TensorBoard logs, CSV, JSONL and Parquet."""
