"""What server and client both need beside the wire, so that neither has a copy: files, streams, arguments."""
