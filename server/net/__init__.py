"""The network's side: sockets, TLS, certificates, and the port for machines."""
