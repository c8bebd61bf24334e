"""What each request of a client does, one folder for each area: its handlers and its operations."""
