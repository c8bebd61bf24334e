"""From an operation to the bytes that each member gets: the writer, the hub, presence."""
