"""Floor 4: the outside world: connectors, the ledger store, the vault."""
