"""Paired tests, intervals and Pareto fronts."""
