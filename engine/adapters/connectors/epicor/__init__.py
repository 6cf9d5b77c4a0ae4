"""Epicor Kinetic over REST v2: entity sets, methods, and a catalogue of both."""
