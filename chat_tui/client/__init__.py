"""The whole behaviour of a client without a screen: connect, log in, sync, outbox.

The Textual client, the command line and bots are three users of it. It never imports Textual.
"""
