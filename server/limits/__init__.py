"""How much one may ask for and have stored, and how much all may together."""
