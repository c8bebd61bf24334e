"""The server's rooms and its audit, for its administrators."""
