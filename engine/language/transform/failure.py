"""A value that cannot be worked out for one record: the record is held and the sentence says why."""

from __future__ import annotations


class TransformError(Exception):
    """A value cannot be worked out; `sentence` is for the person who looks at the record."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
