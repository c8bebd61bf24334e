"""The text of messages: its formatting, addresses, emoji, code and width in cells. Knows no screen."""
