"""Any JSON API, by configuration alone."""
