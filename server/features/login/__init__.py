"""Coming in: what proves who somebody is."""
