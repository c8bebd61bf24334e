"""The one list of what a person can do: slash commands and the keys for them.

The parser, Tab completion, the help screen, the key bindings and the tables in docs/ are all made from
it, so none of them can know something that another doesn't. It says what there is, not how it is
done (see `actions`), nor which keys a person has given it instead (see `keymap`). Knows no screen.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

Completes = Literal["room", "any room", "name", "command", "theme", "setting", "emoji", "nothing"]
"""`room` is one of those one is in, `any room` may be another one."""


class Argument(msgspec.Struct, frozen=True):
    """An argument of a command. `rest`: it takes all that is left, blanks and newlines included. `words` are
    what it can be, or examples of that."""

    name: str
    optional: bool = False
    rest: bool = False
    completes: Completes = "nothing"
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"[{self.name}]" if self.optional else self.name


class Command(msgspec.Struct, frozen=True):
    """Something to do. `keys` in Textual's spelling, the one to show first: those that it has unless the
    settings say others (see `keymap`); `on_message`: those that do it while a message is chosen. `slash`: can
    be typed; `composer`: who writes does it there."""

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    on_message: tuple[str, ...] = ()
    slash: bool = True
    example: str = ""
    composer: bool = False

    @property
    def usage(self) -> str:
        """As one types it: `/topic [text]`."""
        return " ".join(("/" + self.name, *map(str, self.arguments)))


_ROOM = Argument("#room", completes="room")
_SOME_ROOM = Argument("#room", optional=True, completes="room")
_NAME = Argument("name", completes="name")
_TERM = (
    Argument("time", optional=True, words=("10m", "2h", "1d", "7d")),
    Argument("reason", optional=True, rest=True),
)
_TEXT = Argument("text", rest=True, completes="name")
_SOME_TEXT = Argument("text", optional=True, rest=True, completes="name")

COMMANDS: tuple[Command, ...] = (
    Command(
        "help",
        "Show all commands and keys, or what one command does.",
        (Argument("command", optional=True, completes="command"),),
        aliases=("h", "?"),
        keys=("f1",),
    ),
    Command(
        "join",
        "Enter a room; makes it if it is new.",
        (Argument("#room", completes="any room"),),
        aliases=("j",),
        example="/join #deploys",
    ),
    Command(
        "create",
        "Make a room of your own; a private one only those see whom you invite.",
        (Argument("#room"), Argument("private", optional=True, words=("private",))),
        example="/create #plans private",
    ),
    Command(
        "msg",
        "Write to one person alone, whether they are online or not.",
        (_NAME, Argument("text", optional=True, rest=True, completes="name")),
        aliases=("dm", "query"),
        example="/msg bob Lunch at 12?",
    ),
    Command(
        "leave",
        "Leave a room: this one, or the one you name. Declines an invitation.",
        (_SOME_ROOM,),
        aliases=("part",),
    ),
    Command(
        "rooms",
        "List the rooms of this server. With a name: those that come after it.",
        (Argument("after", optional=True),),
        aliases=("list",),
    ),
    Command(
        "topic",
        "Show the room's topic, or change it. `-` removes it.",
        (Argument("text", optional=True, rest=True),),
        example="/topic Releases on Thursdays",
    ),
    Command("invite", "Let somebody into this room, and tell them so.", (_NAME,)),
    Command("members", "List who is in this room: ★ owners, + moderators, who is online."),
    Command(
        "role",
        "Make somebody owner, moderator or plain member of this room.",
        (_NAME, Argument("role", words=("owner", "moderator", "member"))),
        example="/role bob moderator",
    ),
    Command(
        "kick",
        "Remove somebody from this room; they may come back unless it is private.",
        (_NAME, Argument("reason", optional=True, rest=True)),
    ),
    Command(
        "ban",
        "Keep somebody out of this room, for a time (10m, 2h, 7d) or for good.",
        (_NAME, *_TERM),
        example="/ban bob 7d advertising",
    ),
    Command("unban", "Let somebody in again.", (_NAME,)),
    Command(
        "mute",
        "Have somebody say nothing in this room, for a time (10m, 2h, 7d) or for good.",
        (_NAME, *_TERM),
        example="/mute bob 10m take a breath",
    ),
    Command("unmute", "Let somebody speak again.", (_NAME,)),
    Command("bans", "List who is banned or muted in this room."),
    Command(
        "serverban",
        "Keep a user, or an address or network, out of the whole server. For its administrators.",
        (Argument("who", completes="name"), *_TERM),
        example="/serverban 192.0.2.0/24 7d advertising",
    ),
    Command("serverunban", "Let them into the server again.", (Argument("who", completes="name"),)),
    Command("serverbans", "List who is kept out of the server."),
    Command("private", "Hide this room from all who are not in it; one comes in by invitation."),
    Command("public", "Let everybody see and enter this room."),
    Command(
        "deleteroom",
        "Delete a room and all that was said in it; asks you to name it twice.",
        (_ROOM, Argument("again", optional=True, completes="room")),
        example="/deleteroom #old #old",
    ),
    Command("me", "Say what you do.", (_TEXT,), example="/me waves"),
    Command("select", "Choose a message, to do something with it; again for the one before.", keys=("f4",)),
    Command(
        "edit",
        "Change the chosen message, or your last one; without a text, in the input line.",
        (_SOME_TEXT,),
        on_message=("e",),
        example="/edit Lunch at 13, not 12",
    ),
    Command(
        "reply",
        "Answer the chosen message, or the newest one of somebody else.",
        (_SOME_TEXT,),
        on_message=("r",),
        example="/reply Agreed!",
    ),
    Command(
        "react",
        "React to the chosen message, or the newest one; again takes it back.",
        (Argument("emoji", optional=True, completes="emoji"),),
        on_message=("plus",),
        example="/react :thumbsup:",
    ),
    Command("reactions", "Say who reacted to the chosen message, or to the last one that has any."),
    Command(
        "delete",
        "Delete the chosen message, or your last one, for good.",
        aliases=("redact",),
        on_message=("d",),
    ),
    Command("copy", "Copy the text of the chosen message, or of the newest one.", on_message=("c", "y")),
    Command("nick", "Change your name.", (Argument("name"),)),
    Command("register", "Give your name a password, so that nobody else comes in under it. It is asked for."),
    Command("password", "Change your password. It is asked for; your other devices are logged out."),
    Command("devices", "Show the devices on which you are logged in."),
    Command("enddevice", "Log out one of your devices.", (Argument("id"),), example="/enddevice k3m9x2ab"),
    Command("logout", "Log out on this computer: the next time you are asked for your password."),
    Command(
        "invitation",
        "Make an invitation to this server, for so many people and days (administrators).",
        (_SOME_ROOM, Argument("uses", optional=True), Argument("days", optional=True)),
        example="/invitation #lunch 5 30",
    ),
    Command("invitations", "Show the invitations to this server (administrators)."),
    Command("uninvite", "End an invitation to this server (administrators).", (Argument("id"),)),
    Command("online", "Show who is online or away, and where.", aliases=("who", "names")),
    Command(
        "whois",
        "Show who somebody is: whether they are there, since when, and the rooms you share.",
        (_NAME,),
        example="/whois alice",
    ),
    Command(
        "away",
        "Be shown as away, with a few words if you like, until `/back` or your next message.",
        (Argument("text", optional=True, rest=True),),
        example="/away lunch, back at two",
    ),
    Command("back", "Be away no longer."),
    Command("ignore", "See no more messages of somebody, on all your devices.", (_NAME,)),
    Command("unignore", "See the messages of somebody again, the earlier ones too.", (_NAME,)),
    Command("ignored", "List whom you ignore."),
    Command(
        "search",
        "Find messages in this room, or everywhere with `in:*`; see Searching.",
        (Argument("words", optional=True, rest=True, completes="name"),),
        keys=("ctrl+f",),
        example="/search disk full from:bob after:2026-11-01",
    ),
    Command("searchnext", "Go to the next message that was found.", keys=("f3",)),
    Command("searchprevious", "Go to the previous message that was found.", keys=("shift+f3",)),
    Command(
        "switch",
        "Go to a room by name or number, or choose a room, a person or a command.",
        (_SOME_ROOM,),
        aliases=("buffer", "win"),
        keys=("ctrl+k",),
        example="/switch 2",
    ),
    Command("next", "Go to the next room.", keys=("alt+down", "ctrl+n")),
    Command("previous", "Go to the previous room.", aliases=("prev",), keys=("alt+up", "ctrl+p")),
    Command(
        "attention",
        "Go to the room that wants you most: mentions and people first; at the end back to where you were.",
        keys=("alt+a",),
    ),
    Command(
        "notify",
        "Choose what calls you here, on all your devices: all, mentions or none. Shows it.",
        (Argument("level", optional=True, words=("all", "mentions", "none")),),
        example="/notify none",
    ),
    Command(
        "highlight",
        "Have a word call you as your name does; `ann*` begins one. Lists them.",
        (Argument("word", optional=True),),
        example="/highlight deploy*",
    ),
    Command("unhighlight", "Have a word call you no longer.", (Argument("word"),)),
    Command(
        "split",
        "Show a second room beside this one where there is space, or no longer; F6 goes there.",
        (_SOME_ROOM,),
        keys=("f5",),
        example="/split #deploys",
    ),
    Command("other", "Go to the room beside this one.", keys=("f6",)),
    Command(
        "connect",
        "Open another server beside this one, and remember it.",
        (Argument("place"),),
        example="/connect chat.example.org",
    ),
    Command(
        "disconnect",
        "Leave a server, this one or the one you name, and forget where it is.",
        (Argument("server", optional=True),),
    ),
    Command("servers", "List your servers, how they are and what is new there."),
    Command(
        "server",
        "Go to one of your servers, by its number or the beginning of its name.",
        (Argument("server"),),
        example="/server 2",
    ),
    Command("nextserver", "Go to the next of your servers.", keys=("alt+s", "f12")),
    Command("editor", "Write the message in your own editor, $VISUAL or $EDITOR.", keys=("ctrl+g",)),
    Command("clear", "Clear the room's messages from the screen; they stay on the server."),
    Command("retry", "Send the messages again that the server refused in this room.", (_SOME_ROOM,)),
    Command("discard", "Give up the messages that the server refused in this room.", (_SOME_ROOM,)),
    Command("redraw", "Draw the whole screen anew, if something has spoilt it.", keys=("ctrl+l",)),
    Command("reconnect", "Try to connect now."),
    Command(
        "theme",
        "Show the themes, or change to one.",
        (Argument("name", optional=True, completes="theme"),),
        example="/theme chat-light",
    ),
    Command(
        "settings", "Change the settings, and see at once how they look.", aliases=("config",), keys=("f2",)
    ),
    Command(
        "set",
        "Show the settings, or change one.",
        (
            Argument("setting", optional=True, completes="setting"),
            Argument("value", optional=True, rest=True),
        ),
        example="/set notifications bell",
    ),
    Command(
        "hints",
        "Teach the keys, one at a time: on or off.",
        (Argument("on/off", optional=True),),
        example="/hints off",
    ),
    Command(
        "bare",
        "Show the bare messages, for the terminal's own copying; the same again goes back.",
        keys=("f9",),
    ),
    Command("roomlist", "Show or hide the list of rooms.", keys=("f7",)),
    Command("people", "Show or hide the list of people.", keys=("f8",)),
    Command("version", "Show the version of this program."),
    Command("quit", "Quit.", aliases=("q", "exit"), keys=("ctrl+q",)),
    Command(
        "number",
        "Go to room 1 to 9 of the list.",
        keys=tuple(f"alt+{number}" for number in range(1, 10)),
        slash=False,
        example="/switch 2",
    ),
    Command(
        "select_up",
        "The same, from the first line of what is written.",
        keys=("shift+up",),
        slash=False,
        composer=True,
    ),
    Command("message_up", "Choose the message before.", on_message=("up", "k", "shift+up"), slash=False),
    Command("message_down", "Choose the message after.", on_message=("down", "j"), slash=False),
    Command("message_leave", "Choose none any more.", on_message=("escape", "enter"), slash=False),
    Command("page_up", "Scroll up; older messages load by themselves.", keys=("pageup",), slash=False),
    Command("page_down", "Scroll down.", keys=("pagedown",), slash=False),
    Command("oldest", "Go to the oldest loaded message.", keys=("ctrl+home",), slash=False),
    Command("newest", "Go to the newest message.", keys=("ctrl+end",), slash=False),
    Command("send", "Send what is written, or do what it says.", keys=("enter",), slash=False, composer=True),
    Command(
        "newline",
        "Begin a new line in the message.",
        keys=("shift+enter", "alt+enter", "ctrl+j"),
        slash=False,
        composer=True,
    ),
    Command(
        "complete",
        "Complete a command, a room, a name or an emoji; again for the next one.",
        keys=("tab",),
        slash=False,
        composer=True,
    ),
    Command(
        "complete_back",
        "The same, and back to the one before.",
        keys=("shift+tab",),
        slash=False,
        composer=True,
    ),
    Command(
        "earlier",
        "Bring the line back that you wrote before; in the first line.",
        keys=("up", "ctrl+up"),
        slash=False,
        composer=True,
    ),
    Command(
        "later",
        "Go on to the line that you wrote after it; in the last line.",
        keys=("down", "ctrl+down"),
        slash=False,
        composer=True,
    ),
    Command(
        "escape",
        "Go back to the newest message; the `new` line goes.",
        keys=("escape",),
        slash=False,
        composer=True,
    ),
    Command("interrupt", "Copy what is selected, else press twice to quit.", keys=("ctrl+c",), slash=False),
)

BY_NAME: dict[str, Command] = {
    name: command for command in COMMANDS if command.slash for name in (command.name, *command.aliases)
}


def slash_commands() -> Iterator[Command]:
    """Those that can be typed."""
    return (command for command in COMMANDS if command.slash)


def command_table() -> str:
    """The commands as a table in Markdown, for the documentation."""
    rows = ["| command | what it does |", "|---|---|"]
    for command in slash_commands():
        aliases = ", ".join(f"`/{alias}`" for alias in command.aliases)
        rows.append(f"| `{command.usage}` | {command.help}{f' Also {aliases}.' if aliases else ''} |")
    return "\n".join(rows)
