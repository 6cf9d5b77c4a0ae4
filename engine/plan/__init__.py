"""Floor 3: a record and a mapping become a skip, a hold or a document; no effects."""
