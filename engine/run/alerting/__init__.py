"""Alerts: which states need somebody, told once for each cause."""
