"""What `mer bench NAME` runs: one file a benchmark, each with `run(arguments)`."""
