"""Realistic books for both systems, the same at every build, with no real company in them."""

from engine.faces.sandbox.seed.build import ODD, Seed, build

__all__ = ["ODD", "Seed", "build"]
