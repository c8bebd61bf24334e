"""Attacks on a real server, run by hand: see `__main__`."""
