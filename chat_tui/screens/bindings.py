"""The registry's keys as bindings of Textual. Knows the registry, and no screen but by its actions."""

from textual.binding import Binding, BindingType

from chat_tui.commands import registry


def bindings() -> list[BindingType]:
    """The keys of the registry. With priority: the composer must not take them for itself."""
    bound = []
    for command in registry.keyed_commands():
        if command.name in ("complete", "newline"):
            continue  # the composer's own
        for number, key in enumerate(command.keys, 1):
            if key == "shift+up":
                continue  # the composer's too, but in its first line
            action = f"number({number})" if command.name == "number" else f"do('{command.name}')"
            identity = f"{command.name}.{number}" if number > 1 else command.name
            bound.append(Binding(key, action, command.help, show=False, priority=True, id=identity))
    return list(bound)
