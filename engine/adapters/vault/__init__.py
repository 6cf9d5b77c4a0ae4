"""Credentials, encrypted at rest: `vault` is the only module besides request signing to call `Secret.reveal()`."""
