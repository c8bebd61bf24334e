"""The screen: all that imports Textual is below here."""
