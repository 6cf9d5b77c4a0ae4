"""Floor 1: records, their life, what they book, and the audit event."""
