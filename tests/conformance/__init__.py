"""The conformance kit, its mutants and their clean twins."""
