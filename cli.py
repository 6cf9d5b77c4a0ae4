"""The command line of ml-connector."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from engine.faces.commands.root import root

    root()


if __name__ == "__main__":
    main()
