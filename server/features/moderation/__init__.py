"""Who may be and speak in a room, and who may come in at all."""
