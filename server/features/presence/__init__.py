"""Who is there, and who they are."""
