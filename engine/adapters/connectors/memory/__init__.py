"""A system in memory, for tests of mappings and of the engine."""
