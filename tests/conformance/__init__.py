"""Does a server speak as PROTOCOL.md says? `python3 -m tests.conformance --help` asks any server."""
