"""Options of `conf/`: how they are listed, composed and built."""
