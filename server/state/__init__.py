"""What the server knows, in memory, and who may do what with it."""
