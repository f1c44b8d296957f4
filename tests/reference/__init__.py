"""The reference implementation, property by property."""
