"""A real HTTP Airbase and a real HTTP Epicor Kinetic with seeded books."""
