"""Our own two themes; Textual's others can be chosen as well."""

from textual.theme import Theme

DARK = Theme(
    name="chat-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e8",
    background="#16181f",
    surface="#1b1e27",
    panel="#232734",
)

LIGHT = Theme(
    name="chat-light",
    dark=False,
    primary="#2f5fc4",
    secondary="#0f7391",
    accent="#a35a00",
    warning="#a35a00",
    error="#c4314b",
    success="#3d7a1f",
    foreground="#2a2f3d",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e7e7e1",
)

OURS = (DARK, LIGHT)
DEFAULT = DARK.name
