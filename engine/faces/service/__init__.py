"""What the service shows over HTTP: webhooks in, health and metrics out."""
