"""Selecting from records and rendering values: JMESPath, expressions, filters, documents."""
