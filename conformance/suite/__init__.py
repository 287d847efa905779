"""The clauses as ordinary pytest tests, one module a layer."""
