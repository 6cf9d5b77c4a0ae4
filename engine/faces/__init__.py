"""Floor 7: what people touch: the commands and the sandbox."""
