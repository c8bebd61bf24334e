"""What a room's log shows, before it is drawn: rows, days, edits, where its reader is. Knows no screen."""
