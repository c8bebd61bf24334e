"""Who may come in, and by what: passwords, tokens, the codes of invitations."""
