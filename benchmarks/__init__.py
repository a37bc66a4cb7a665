"""Repeatable measurements: a big data set, and the works of a day beside the raw driver doing the same SQL."""
