"""The ledger: records, attempts, claims, leases and the audit trail, in SQL."""
