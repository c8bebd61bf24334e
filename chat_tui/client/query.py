"""What somebody types to search, and what it means: words, a "phrase", `from:`, `in:`, `before:` …

Pure: which rooms there are, and what is in them, is no matter here.
"""

import re
from datetime import date, datetime, timedelta, tzinfo

import msgspec

from chat_tui.client.errors import ClientError
from protocol import limits
from protocol.words import Term, holds, spans_of, term_of, words_of

HELP = 'words  "a phrase"  from:name  in:#room  in:@name  in:*  before:2026-11-30  after:  on:'

LONGEST = 128
"""Characters of a word or a phrase, as on the wire."""

_PART = re.compile(
    r"""(from|in|before|after|on):(?:"([^"]*)"?|(\S*)) | "([^"]*)"? | (\S+)""", re.IGNORECASE | re.VERBOSE
)


class Query(msgspec.Struct, frozen=True):
    """See the module. `room` is as it was typed: `#room`, `@name`, `*` for all, empty for where one is.
    `after` and `before` are times in ms: at or after, and before."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    sender: str = ""
    room: str = ""
    after: int | None = None
    before: int | None = None

    @property
    def terms(self) -> list[Term]:
        """What has to be in a text."""
        given = [*((text, False) for text in self.words), *((text, True) for text in self.phrases)]
        found = (term_of(text, phrase=phrase) for text, phrase in given)
        return [term for term in found if term is not None]

    def matches(self, text: str, time: int) -> bool:
        """Whether a message with this text, of this time, is among what is searched for."""
        in_time = (self.after is None or time >= self.after) and (self.before is None or time < self.before)
        return in_time and holds(text, self.terms)

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where in a text the words stand, for showing them."""
        found = []
        terms = self.terms
        for start, end in spans_of(text):
            words = words_of(text[start:end])
            if any(_begins(word, term) for word in words for term in terms):
                found.append((start, end))
        return found


def _begins(word: str, term: Term) -> bool:
    return word in term.words or (not term.whole and word.startswith(term.words[-1]))


def parse(text: str, today: date, tz: tzinfo | None = None) -> Query:
    """What the text means where days begin as in `tz` (None: as on this computer). Raises `ClientError`."""
    words: list[str] = []
    phrases: list[str] = []
    said: dict[str, str] = {}
    for key, *value, phrase, word in _PART.findall(text):
        if key:
            if not any(value):
                raise ClientError(f"{key}: needs something behind it: {HELP}")
            said[key.lower()] = "".join(value)
        elif word or phrase:
            _check(word or phrase)
            words += [word] * bool(word)
            phrases += [phrase] * bool(phrase)
    if len(words) > limits.TERMS or len(phrases) > limits.TERMS:
        raise ClientError(f"That is too much to search for at once: {limits.TERMS} words at most")
    after, before = _times(said, today, tz)
    if not words and not phrases and "from" not in said:
        raise ClientError(f"What shall be searched for? {HELP}")
    sender = said.get("from", "").removeprefix("@")
    return Query(tuple(words), tuple(phrases), sender, _room(said.get("in", "")), after, before)


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise ClientError(f"That is too long to search for: {LONGEST} characters at most")
    if term_of(text, phrase=True) is None:
        raise ClientError(f"{text} can't be searched for: it has no letter and no digit in it")


def _room(text: str) -> str:
    return text if not text or text == "*" or text[0] in "#@" else f"#{text}"


def _times(said: dict[str, str], today: date, tz: tzinfo | None) -> tuple[int | None, int | None]:
    day = {key: _day(key, said[key], today) for key in ("after", "before", "on") if key in said}
    after, before = day.get("after"), day.get("before")
    if "on" in day:
        if after is not None or before is not None:
            raise ClientError("on: is one day, and goes with neither before: nor after:")
        after, before = day["on"], day["on"] + timedelta(days=1)
    begin = None if after is None else _midnight(after, tz)
    end = None if before is None else _midnight(before, tz)
    if begin is not None and end is not None and begin >= end and "on" not in said:
        raise ClientError(f"No day is from {said['after']} on and before {said['before']}")
    return begin, end


def _day(key: str, text: str, today: date) -> date:
    match text.lower():
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        found = date.min
    if not 1971 <= found.year <= 9000:  # what every calendar and every time zone can show
        usage = f"write it as {key}:{today:%Y-%m-%d}, {key}:today or {key}:yesterday"
        raise ClientError(f"{key}:{text} is no day: {usage}")
    return found


def _midnight(day: date, tz: tzinfo | None) -> int:
    """When the day begins. Where clocks are put forward at midnight that is at one o'clock: `timestamp` knows
    it, `astimezone` takes such a midnight for a moment one hour before."""
    return int(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp() * 1000)
