"""Floor 2: requests, responses, paging and retry decisions as values; no network."""
