"""The chat server: one process, one embedded store, frames in and frames out."""

__version__ = "0.1.0"
