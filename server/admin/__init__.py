"""What an operator does at the server's own computer: `chat-server user`, `chat-server invite` and the like.

A command is a client like others: it connects where the running server lets the local administrator in, or
to a server that it starts for the moment if none runs, and asks for what it wants. So there is one way to do
a thing, whoever does it. Each command is a module with `main(arguments)`, which gives the exit status.
"""
