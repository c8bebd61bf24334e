"""The account commands that ask for a password, which is never an argument."""

from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands.registry import command

if TYPE_CHECKING:
    from chat_tui.tui.account_dialogs import AccountDialogs


@command(
    "register",
    "Protect your name with a password, so that nobody else can use it. You are asked for one.",
    "Your account",
)
async def register(client: Client, accounts: "AccountDialogs") -> str | None:
    who = client.identity
    if who.registered:
        raise ClientError(f"{who.name} has a password already: /password changes it.")
    text = "From then on nobody else can use your name."
    if await accounts.ask_password(f"A password for {who.name}", text, old=False):
        return f"{who.name} is registered: from now on the name needs its password."
    return None


@command("password", "Change your password. Logs out your other devices.", "Your account")
async def password(client: Client, accounts: "AccountDialogs") -> str | None:
    who = client.identity
    if not who.registered:
        raise ClientError(f"{who.name} has no password yet: /register sets one.")
    text = "Your other devices will be logged out."
    if await accounts.ask_password("Change the password", text, old=True):
        return "Your password is changed, and your other devices are logged out."
    return None
