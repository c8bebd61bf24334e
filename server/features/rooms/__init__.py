"""Rooms: being brought up to date, making, entering and leaving them."""
