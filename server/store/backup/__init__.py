"""Backup, restore and export of the store."""
