"""The command line of ml-connector."""

from __future__ import annotations

import gc

OBJECTS_UNTIL_COLLECTED = 50_000
"""Python looks for unused objects after so many new ones; its usual 700 costs a run a twentieth of its time."""


def main() -> None:
    """Run the command line."""
    from engine.faces.commands.root import root

    gc.set_threshold(OBJECTS_UNTIL_COLLECTED)
    root()


if __name__ == "__main__":
    main()
