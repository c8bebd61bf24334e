"""What the main screen does about what wants attention: going there, and back.

A part of the main screen, in a module of its own; knows of rooms how much they want one.
"""

from chat_tui.client.priority import by_priority
from chat_tui.tui.screens.part import Part


class Heeding(Part):
    """See the module. `_set_out_from` is where one was before one went where one was wanted, `_led_to` the
    last of those rooms: who goes elsewhere on their own begins anew. `_been` are the rooms of this tour with
    their heads: one that was not read to its end is shown again only when there is more in it."""

    _set_out_from = ""
    _led_to = ""
    _been: dict[str, int] = {}  # noqa: RUF012  # replaced, never changed

    def go_where_wanted(self) -> None:
        """See `View`. When nothing wants the person any more, it leads back to where they were."""
        here, rooms = self.current, self.client.rooms
        if here is not None and here.name != self._led_to:
            self._set_out_from, self._been = here.name, {}
        if here is not None:
            self._been = self._been | {here.name: here.head}
        unseen = (room for room in rooms.values() if room.head > self._been.get(room.name, -1))
        wanting = by_priority(unseen, here)
        if wanting:
            self._led_to = wanting[0].name
            self.open_room(self._led_to)
            return
        back, self._led_to = rooms.get(self._set_out_from), ""
        if back is None or back is here:
            self.app.notify("Nothing wants your attention", markup=False)
            return
        self.open_room(back.name)
        self.app.notify(f"Nothing else wants your attention: back in {back.title}", markup=False)
