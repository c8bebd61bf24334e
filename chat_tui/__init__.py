"""The terminal chat client: a headless core, a command line, and the Textual screen on top of them."""
