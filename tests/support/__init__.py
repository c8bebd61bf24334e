"""What tests share: a raw client, real server processes, a server in this process."""
