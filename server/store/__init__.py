"""Where events are kept: the port (`base`), the embedded store (`sqlite`), its twin in memory."""
