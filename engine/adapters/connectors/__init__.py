"""Connectors: code for each kind of system a mapping reads or writes."""
