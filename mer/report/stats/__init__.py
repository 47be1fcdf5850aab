"""The numbers of a report: tests over subjects, intervals, effects of factors."""
