"""A faithful Airbase: the accounting API as recorded and as used by real clients."""
