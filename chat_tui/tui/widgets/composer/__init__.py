"""Where messages are written: the editor, completion and drafts."""
