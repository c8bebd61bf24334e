"""Reading: scrolling, searching, and what notifies a person."""

from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.mentions import WORDS, good_word
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument, command
from protocol.names import fold

if TYPE_CHECKING:
    from chat_tui.tui.appearance import Appearance
    from chat_tui.tui.screens.main import MainScreen
    from chat_tui.tui.widgets.room_panes import RoomPanes
    from chat_tui.tui.widgets.search_bar import SearchBar


@command("page_up", "Scroll up; older messages load by themselves.", "Reading", keys=("pageup",), slash=False)
def page_up(panes: "RoomPanes") -> None:
    panes.messages.page_up()


@command("page_down", "Scroll down.", "Reading", keys=("pagedown",), slash=False)
def page_down(panes: "RoomPanes") -> None:
    panes.messages.page_down()


@command("oldest", "Go to the oldest loaded message.", "Reading", keys=("ctrl+home",), slash=False)
def oldest(panes: "RoomPanes") -> None:
    panes.messages.to_top()


@command("newest", "Go to the newest message.", "Reading", keys=("ctrl+end",), slash=False)
def newest(panes: "RoomPanes") -> None:
    panes.messages.to_bottom()


@command(
    "interrupt",
    "Copy the selected text; without any, press twice to quit.",
    "Reading",
    keys=("ctrl+c",),
    slash=False,
)
def interrupt(screen: "MainScreen") -> None:
    screen.copy_or_quit()


@command(
    "bare",
    "Show only the text of the messages, for copying with the terminal; again to go back.",
    "Reading",
    keys=("f9",),
)
def bare(appearance: "Appearance") -> None:
    appearance.toggle_bare()


@command(
    "search",
    "Find messages in this room, or everywhere with `in:*`; see Searching.",
    "Reading",
    arguments=(Argument("words", optional=True, rest=True, completes="name"),),
    keys=("ctrl+f",),
    example="/search disk full from:bob after:2026-11-01",
)
def search(search_bar: "SearchBar", text: str) -> None:
    search_bar.open_search(text)


@command("searchnext", "Go to the next search result.", "Reading", keys=("f3",))
def searchnext(search_bar: "SearchBar") -> None:
    search_bar.step(1)


@command("searchprevious", "Go to the previous search result.", "Reading", keys=("shift+f3",))
def searchprevious(search_bar: "SearchBar") -> None:
    search_bar.step(-1)


@command("clear", "Clear the room's messages from the screen; they stay on the server.", "Reading")
def clear(panes: "RoomPanes") -> None:
    panes.clear()


@command(
    "nextunread",
    "Go to the next room with unread messages, mentions and direct messages first; at last back.",
    "Reading",
    keys=("alt+a",),
)
def nextunread(screen: "MainScreen", client: Client, current: Room | None) -> None:
    room, text = screen.next_unread.step(client.rooms, current)
    if room is not None:
        screen.open_room(room)
    if text:
        screen.app.notify(text, markup=False)


@command(
    "highlight",
    "Be notified of a word as of your name; `ann*` is the start of one. Lists them.",
    "Reading",
    arguments=(Argument("word", optional=True),),
    example="/highlight deploy*",
)
def highlight(client: Client, appearance: "Appearance", word: str) -> str:
    words = client.company.calls.words
    if not word:
        return f"These words notify you: {', '.join(words)}" if words else "Only your name notifies you"
    try:
        word = good_word(word)
    except ValueError as error:
        raise ClientError(str(error)) from error
    if fold(word) in map(fold, words):
        return f"{word} notifies you already"
    if len(words) >= WORDS:
        raise ClientError(f"{WORDS} words notify you: /unhighlight one of them first")
    appearance.change(highlights=(*words, word))
    return f"{word} notifies you from now on; /unhighlight {word} ends that"


@command("unhighlight", "Stop being notified of a word.", "Reading", arguments=(Argument("word"),))
def unhighlight(client: Client, appearance: "Appearance", word: str) -> str:
    words = client.company.calls.words
    left = tuple(one for one in words if fold(one) != fold(word))
    if left == words:
        raise ClientError(f"{word} does not notify you; /highlight lists the words that do")
    appearance.change(highlights=left)
    return f"{word} no longer notifies you"
