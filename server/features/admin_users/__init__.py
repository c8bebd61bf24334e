"""The server's users and invitations, for its administrators."""
