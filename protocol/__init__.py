"""The wire between chat clients and servers: frames, their codec, their limits.

Sans-I/O in the way of h11: this package is fed bytes and gives typed frames. It knows nothing
of sockets, event loops, files or screens, and imports neither `server` nor `chat_tui`.
`PROTOCOL.md` beside this file describes the same for people who write another client.
"""

VERSION = 1
"""The wire's version: it rises when old peers can no longer understand new ones."""
