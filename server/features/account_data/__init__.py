"""What belongs to a user and is the same on all of their devices."""
