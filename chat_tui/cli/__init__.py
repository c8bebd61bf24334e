"""`chat-tui` as a command of the shell: what works without the screen, and the way to the screen."""
