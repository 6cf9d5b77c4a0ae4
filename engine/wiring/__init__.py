"""Floor 6: settings, and the one place where everything is put together."""
