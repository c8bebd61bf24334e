"""The registry's keys as bindings of Textual. Knows the registry, and no screen but by its actions.

Their ids are those that the keymap of the app changes; see `keymap.identities`.
"""

from textual.binding import Binding, BindingType

from chat_tui.commands import registry
from chat_tui.commands.keymap import UNBOUND, identities
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry


def bindings() -> list[BindingType]:
    """The keys of the registry. With priority: the composer must not take them for itself."""
    bound = []
    for command in registry.COMMANDS:
        if command.composer:
            continue
        keys = command.keys or (UNBOUND,)
        for number, (key, identity) in enumerate(zip(keys, identities(command), strict=True), 1):
            action = f"number({number})" if command.name == "number" else f"do('{command.name}')"
            bound.append(Binding(key, action, command.help, show=False, priority=True, id=identity))
    return list(bound)
