"""Searching messages."""

from protocol import frames
from protocol.frames import Result
from server.features.registry import RequestContext, handler


@handler(frames.Search)
async def search(context: RequestContext, request: frames.Search) -> Result:
    """Find messages in the rooms that one is in."""
    return await context.server.searching.search(context.user, context.address, request)
