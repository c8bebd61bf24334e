"""What the server and the client both need beside the wire, so that neither has a copy of its own."""
