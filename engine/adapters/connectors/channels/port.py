"""What is asked of a channel."""

from __future__ import annotations

from typing import Protocol

from engine.domain.alert import Alert


class NotTold(Exception):
    """The channel did not take the alert, or nobody knows; the message says why, without a secret."""


class ToldInPart(NotTold):
    """Some readers have it and others were refused: not to be told again, which those who have it would get again."""


class Channel(Protocol):
    """Where alerts are told; used by one thread at a time."""

    def tell(self, alert: Alert) -> None:
        """Tell one alert.

        Raises:
            ToldInPart: it arrived, and not with every reader.
            NotTold: it did not arrive, or nobody knows.
        """
        ...

    def close(self) -> None:
        """Close its connections."""
        ...
