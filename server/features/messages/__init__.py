"""Messages: sending, changing, reading back."""
