"""The message log: the widget, and how rows become lines of it."""
