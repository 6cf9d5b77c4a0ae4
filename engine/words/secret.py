"""A text that must never be shown."""

from __future__ import annotations

import hashlib


class Secret:
    """Holds a credential; every way of printing it gives asterisks. Only `reveal()` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; called where a request is signed, and nowhere else."""
        return self._text

    def fingerprint(self) -> str:
        """Eight hex digits that tell two secrets apart without showing either."""
        return hashlib.sha256(b"ml-connector fingerprint:" + self._text.encode()).hexdigest()[:8]

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "Secret('********')"

    __str__ = __repr__

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled or copied")
