"""The command line of ml-connector."""

from __future__ import annotations

import gc

INTERRUPTED = 130
OBJECTS_UNTIL_COLLECTED = 50_000
"""Python looks for unused objects after so many new ones; its usual 700 costs a run a twentieth of its time."""


def main() -> None:
    """Run the command line."""
    try:
        from engine.faces.commands.root import root
    except KeyboardInterrupt:  # before the place where every ending is told: nothing was begun
        raise SystemExit(INTERRUPTED) from None

    gc.set_threshold(OBJECTS_UNTIL_COLLECTED)
    root()


if __name__ == "__main__":
    main()
