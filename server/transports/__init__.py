"""What carries a session's bytes: one module per kind of connection."""
