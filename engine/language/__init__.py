"""Floor 2: the mapping language: specs, expressions, crosswalks."""
