"""Airbase (Paylocity Finance): its feeds, its envelope and its ways to say no."""
