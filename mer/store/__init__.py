"""What is kept between runs: results of stages and of runs on disk, and the keys under which they lie."""
