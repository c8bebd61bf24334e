"""What belongs to a user and is the same on all of their devices."""

from protocol import frames, names
from protocol.frames import Result
from server.delivery.account_changes import account_data
from server.features.account_data.operations import IgnoreOperation, SetLevelOperation
from server.features.checks import checked
from server.features.registry import RequestContext, handler
from server.state.visibility import began


@handler(frames.Mine)
def mine(context: RequestContext, request: frames.Mine) -> Result:  # noqa: ARG001
    """How it is now."""
    return account_data(context.server.state, context.user, frames.MineResult)


@handler(frames.Ignore)
async def ignore(context: RequestContext, request: frames.Ignore) -> Result:
    """Ignore somebody, or no longer."""
    name = checked(names.check_user_name, request.name)
    person = await context.server.store(IgnoreOperation(context.user.id, name, request.on))
    hub = context.server.hub
    hub.account_changed(context)
    if began(context.server.state, person.user, context.user):
        hub.arrange(context.user)
    return person


@handler(frames.SetLevel)
async def set_level(context: RequestContext, request: frames.SetLevel) -> Result:
    """Choose how much of a room calls the user."""
    result = await context.server.store(SetLevelOperation(context.user.id, request.room, request.level))
    context.server.hub.account_changed(context)
    return result
