"""Reads mapping files strictly and compiles them, with a place for every problem."""
