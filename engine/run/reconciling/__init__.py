"""The control report: source, ledger and target read for themselves, and what does not tie named."""
