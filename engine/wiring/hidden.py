"""Every secret that this process has opened, so that no log line shows one."""

from __future__ import annotations

from engine.wire.masking import mask_text

LEAST = 6
"""A shorter text is not masked wherever it stands: it would be a part of ordinary words."""

_NO_SECRETS = frozenset({"username", "client_id"})


class Hidden:
    """Secrets by their text; what is added stays hidden, also after its credential was changed."""

    def __init__(self) -> None:
        self._texts: frozenset[str] = frozenset()

    def add(self, field: str, text: str) -> None:
        """Hide a credential from now on, unless its field is one that is no secret by itself."""
        if field not in _NO_SECRETS and len(text) >= LEAST and text not in self._texts:
            self._texts |= {text}

    def masked(self, text: str) -> str:
        """The text without any of them, and without the query of a signed link."""
        return mask_text(text, self._texts)


HIDDEN = Hidden()
"""One for the process, as the logs that it serves are one for the process."""
