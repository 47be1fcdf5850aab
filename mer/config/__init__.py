"""`conf/`: which options there are, and how they are composed and built."""
