"""Floor 5: reading, sending, recovering and acknowledging."""
