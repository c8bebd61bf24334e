"""The screens, one per file, each with its styles beside it."""
