"""The settings of a server: each is declared here, once, and nowhere else.

A field with its type, its default and `option(why)` is all there is to a setting. The file, the environment,
the command line, `--print-config` and the messages about mistakes are made from it (see `fields`): field
`level` of section `log` is `level` under `[log]`, `CHAT_SERVER_LOG_LEVEL` and `--log-level`. Knows no files.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import platformdirs
from msgspec import Meta

from server.auth.credentials import Registration
from server.config.address import EXAMPLE, Address, parse_address
from server.config.retention import Age, Retention, Rule
from server.config.retention import parse as parse_retention
from server.limits.buffers import MEMORY
from server.limits.quotas import NO_QUOTAS, QuotaLimits
from server.limits.throttle import NO_LIMITS, RateLimits
from server.limits.turns import NO_FRAME_LIMITS, FrameLimits

APP = "chat-server"
DEFAULT_LISTEN = EXAMPLE


def option(why: str, *, flag: str = "", example: str = "", hidden: bool = False, **bounds: Any) -> Meta:  # noqa: ANN401  # what `Meta` takes
    """What belongs to a setting beside its type and default.

    `why`: what it does and why one would change it. `flag`: how the command line calls it, if not
    `--SECTION-FIELD`; that of a switch gives the opposite of the default. `example`: a value, where the
    default is none. `hidden`: a flag alone, that people need not know of.
    """
    return Meta(description=why, extra={"flag": flag, "example": example, "hidden": hidden}, **bounds)


def _usual_data() -> Path:
    try:
        return platformdirs.user_data_path(APP, appauthor=False)
    except RuntimeError:  # a user without a home, as in containers, who has to say where anyway
        return Path(APP)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that belong together; the docstring says what for."""


class Limits(Section, frozen=True):
    """How much one address and one user may ask for, and have stored. Connections from loopback are not
    counted, for behind a tunnel everybody comes from there; an IPv6 network of /64 counts as one address."""

    enabled: Annotated[
        bool,
        option(
            "Limits on what users may have stored and on connections per address; off only for measuring.",
            flag="--no-limits",
        ),
    ] = True
    sessions_per_address: Annotated[
        int,
        option(
            "Connections at once from one address. Raise it for an office behind one address.",
            flag="--sessions-per-address",
            ge=1,
        ),
    ] = 128
    connects_per_address: Annotated[
        int,
        option(
            "New connections from one address in ten minutes; after an outage everybody comes back at once.",
            flag="--connects-per-address",
            ge=1,
        ),
    ] = 256
    sends_at_once: Annotated[
        int, option("Messages of one user in a burst, before the rate counts.", flag="--sends-at-once", ge=1)
    ] = 50
    sends_per_second: Annotated[
        int,
        option(
            "Messages a second of one user after a burst. Who sends more is told when to go on.",
            flag="--sends-per-second",
            ge=1,
        ),
    ] = 10
    changes_at_once: Annotated[
        int,
        option(
            "Changes of one user in a burst: joins, topics, roles, bans and the like. A new name counts for "
            "20, a new room for 10. Administrators are not counted.",
            ge=20,
        ),
    ] = 60
    changes_per_second: Annotated[
        int, option("Changes a second of one user after a burst. Who makes more is told when to go on.", ge=1)
    ] = 1
    megabytes_per_day: Annotated[
        int,
        option(
            "MiB that one user may have stored in a day, by messages and changes. Raise it for bots that "
            "write all day. Administrators are not counted.",
            ge=1,
        ),
    ] = 256
    rooms_per_user: Annotated[
        int,
        option(
            "Channels that one user has made and that are still there. Administrators are not counted.", ge=1
        ),
    ] = 100
    rooms: Annotated[
        int, option("Rooms, those of two included, from which on only administrators make more.", ge=1)
    ] = 50_000
    users_per_address: Annotated[
        int,
        option(
            "Accounts made from one address in an hour, where everybody may make one; invitations are not "
            "counted. Loopback is an address too.",
            ge=1,
        ),
    ] = 100
    users: Annotated[
        int, option("Accounts from which on only invitations and administrators make more.", ge=1)
    ] = 50_000
    frames_at_once: Annotated[
        int,
        option(
            "Requests and other frames of one user in a burst, over all connections; large answers count for "
            "several. Who sends more has them answered later.",
            ge=100,
        ),
    ] = 2000
    frames_per_second: Annotated[
        int, option("Frames a second of one user after a burst. Raise it for bots that ask much.", ge=1)
    ] = 200
    login_frames_at_once: Annotated[
        int,
        option(
            "The same for all who have not logged in yet and come from one address, loopback too; a "
            "connection counts for 5. Enough for 5,000 who come back at once through a tunnel.",
            ge=10,
        ),
    ] = 50_000
    login_frames_per_second: Annotated[int, option("The same, a second after a burst.", ge=1)] = 2000
    guesses_at_once: Annotated[
        int,
        option(
            "Wrong passwords and invitations before who guesses has to wait, by address and by name. Counted "
            "on loopback as well.",
            ge=1,
        ),
    ] = 10
    guess_seconds: Annotated[int, option("How long until one may guess once more.", ge=1)] = 10
    count_loopback: Annotated[
        bool,
        option(
            "Count loopback as one address too, where local users are not to be trusted.",
            flag="--count-loopback",
        ),
    ] = False

    @property
    def rate_limits(self) -> RateLimits:
        """The same, as those who count want it."""
        if not self.enabled:
            return NO_LIMITS
        return RateLimits(
            sessions=self.sessions_per_address,
            connects=self.connects_per_address,
            loopback=self.count_loopback,
            guesses=self.guesses_at_once,
            guess_seconds=self.guess_seconds,
        )

    @property
    def frames(self) -> FrameLimits:
        """How many frames are worked off, as those who count want it."""
        if not self.enabled:
            return NO_FRAME_LIMITS
        return FrameLimits(
            before_login=self.login_frames_at_once,
            before_login_per_second=self.login_frames_per_second,
            frames=self.frames_at_once,
            frames_per_second=self.frames_per_second,
        )

    @property
    def quotas(self) -> QuotaLimits:
        """What one may have stored, as those who count want it."""
        if not self.enabled:
            return NO_QUOTAS
        return QuotaLimits(
            messages=self.sends_at_once,
            messages_per_second=self.sends_per_second,
            changes=self.changes_at_once,
            changes_per_second=self.changes_per_second,
            bytes_per_day=self.megabytes_per_day * 2**20,
            rooms_per_user=self.rooms_per_user,
            users_per_hour=self.users_per_address,
            rooms=self.rooms,
            users=self.users,
        )


class Files(NamedTuple):
    """Where a certificate (with those between it and its root, if any) and its key are, as PEM."""

    certificate: Path
    key: Path


class Tls(Section, frozen=True):
    """The certificate of listeners with TLS. Without one the server makes its own, which clients know by its
    pin (`chat-server pin`). Both files are read again when they change, and at SIGHUP."""

    cert: Annotated[
        Path | None,
        option(
            "The certificate, as PEM, with those between it and its root.",
            example="/etc/ssl/chat/fullchain.pem",
        ),
    ] = None
    key: Annotated[
        Path | None, option("The certificate's key, as PEM.", example="/etc/ssl/chat/privkey.pem")
    ] = None


class Metrics(Section, frozen=True):
    """Numbers and health for machines, over HTTP: /metrics for Prometheus, /healthz (the process lives) and
    /readyz (it serves, and its store can be written)."""

    listen: Annotated[
        Address | None,
        option(
            "Where they are found. Nobody is asked for a password, so keep it on loopback or in a private "
            "network. Off unless set.",
            example="127.0.0.1:9464",
        ),
    ] = None
    hosts: Annotated[
        tuple[str, ...],
        option(
            "Names under which /metrics is asked for, if not by an address, localhost or this computer's "
            "name: other names are refused, so that no web page can read it through a browser."
        ),
    ] = ()


class Log(Section, frozen=True):
    """What goes to standard error. Never what people write, and no keys."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        option(
            "From which level on. `info` has start and stop, logins (name and address), refused connections."
        ),
    ] = "warning"
    format: Annotated[
        Literal["text", "json"],
        option("`text` for people, `json` (one object a line) for what collects logs."),
    ] = "text"


class Config(Section, frozen=True):
    """All settings."""

    listen: Annotated[
        tuple[Address, ...],
        option(
            "Where to listen, as HOST:PORT. 0.0.0.0 is every IPv4 address, [::] every IPv6 one; "
            "port 0 takes a free one. With TLS unless it is loopback; tls:// or plain:// before it says "
            "otherwise; passwords need TLS on loopback too. unix:PATH is a socket for the users of this "
            "computer, each under their system name and without a password."
        ),
    ] = (parse_address(DEFAULT_LISTEN),)
    data: Annotated[Path, option("The folder where everything is kept. One server uses it at a time.")] = (
        msgspec.field(default_factory=_usual_data)
    )
    registration: Annotated[
        Registration | None,
        option(
            "Who may make an account: open (whoever comes, under any free name), invite (who has an "
            "invitation), closed (the administrator makes them). Unless set: open if all listeners are "
            "loopback, else invite.",
            example="invite",
        ),
    ] = None
    retention: Annotated[
        tuple[Rule, ...],
        option(
            "Events that are older are removed for good, as in 90d (m, h, d, w or y); with a room's name "
            "before it only there, as in #deploys=7d, and #decisions=forever keeps all of one. Everything is "
            "kept unless set."
        ),
    ] = ()
    memory: Annotated[
        int,
        option(
            "MiB of memory that it may use, about. A quarter may wait on connections; there may be one "
            "connection for each 64 KiB.",
            ge=64,
        ),
    ] = MEMORY // 2**20
    audit_retention: Annotated[
        Age,
        option("For how long the records of who did what to whom are kept, as in 90d; or forever."),
    ] = Age("1y")
    disk_floor: Annotated[
        int,
        option(
            "MiB of the disk below which only administrators can have anything stored: once it is full, "
            "nobody can clear it up. 0: members may fill it.",
            ge=0,
        ),
    ] = 256
    limits: Limits = Limits()
    tls: Tls = Tls()
    metrics: Metrics = Metrics()
    log: Log = Log()

    # An embedded server, started by a client for the person at this computer.
    runtime: Annotated[Path | None, option("Where to write how it is reached.", hidden=True)] = None
    linger: Annotated[
        float, option("Seconds to stay after the last client has left, with `runtime`.", hidden=True)
    ] = 60.0

    @property
    def who_may_enter(self) -> Registration:
        """Who may make an account: on one computer everybody, else who is invited, unless it was said."""
        if self.registration is not None:
            return self.registration
        return "open" if all(address.local for address in self.listen) else "invite"

    @property
    def kept(self) -> Retention:
        """For how long events, and the records of the audit, are kept."""
        return replace(parse_retention(self.retention), audit=self.audit_retention.seconds)

    @property
    def certificate(self) -> Files | None:
        """The certificate that the server was given."""
        if self.tls.cert is None or self.tls.key is None:
            return None
        return Files(self.tls.cert, self.tls.key)
