"""What lies around the log: side lists, topic, status, and the containers that lay them out."""
