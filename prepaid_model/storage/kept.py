"""An account that lives in a store: the same class, with every operation in a transaction of its own.

The rules are those of the account in memory, which does the work; here is only when it is read and when it is
saved. Before anything is done or told, the store brings in what others have written since; what was done is
saved before anyone learns of it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from inspect import getattr_static, isfunction
from threading import get_ident
from typing import Any, Protocol, TypeAlias

from prepaid_model.balances import Balances, Status
from prepaid_model.buckets import Session
from prepaid_model.errors import InputError, Refused
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.storage import StoreError
from prepaid_model.storage.parts import Settings, State

OPERATIONS = frozenset(
    {
        *("advance", "use", "refund", "reserve", "debit", "release", "buy"),
        *("top_up", "borrow", "adjust", "transfer", "transfer_data", "top_up_automatically"),
        *("renew_automatically", "allow_out_of_bundle"),
        *("pay", "agree_to_more", "change_plan", "cancel"),
    }
)
"""What changes an account. All else that it offers only tells."""


class Keeper(Protocol):
    """What a kept account needs of its store."""

    def working(self, accounts: "list[Stored]", sessions: list[Session]) -> AbstractContextManager[None]:
        """Do something with accounts, all of it or nothing; what it did to sessions is undone with it."""

    def telling(self, account: "Stored") -> AbstractContextManager[None]:
        """Tell something about an account, as it is now."""


@dataclass(slots=True)
class Home:
    """Where an account is kept, and what of it the store has.

    `version` is that of the row in `accounts` which this is a copy of; 0 if it is to be read from the start.
    """

    keeper: Keeper
    number: int
    name: str
    version: int = 0
    entries: int = 0
    keys: int = 0
    head: bytes = b""
    clock: datetime | None = None
    settings: Settings | None = None
    text: str = ""
    state: State | None = None
    seen: int = -1
    still: bool = False
    """While it is being read, nothing that it works out is booked."""
    worker: int = 0
    """The thread whose transaction it is part of; 0 for none."""

    @property
    def busy(self) -> bool:
        """Whether it is part of a transaction of this thread: fresh, and to be saved."""
        return self.worker == get_ident()


class StoredPrepaidAccount(PrepaidAccount):
    """A prepaid account that lives in a store; see `prepaid_model.store`."""

    __slots__ = ("_home",)

    _home: Home

    def _derive_status(self) -> Status:
        return self._status if self._home.still else super()._derive_status()

    def _must_be_valid(self, operation: str) -> None:
        if not self._home.busy:  # an account in memory wants to give it something
            raise Refused(operation, f"{self.name} is kept in a store, the other account is not")
        super()._must_be_valid(operation)


class StoredPostpaidAccount(PostpaidAccount):
    """A postpaid account that lives in a store; see `prepaid_model.store`."""

    __slots__ = ("_home",)

    _home: Home

    def _derive_status(self) -> Status:
        return self._status if self._home.still else super()._derive_status()


Stored: TypeAlias = StoredPrepaidAccount | StoredPostpaidAccount


def public(kind: type[Balances]) -> Iterator[tuple[str, Any]]:
    """Yield what an account of a kind offers: names, and what stands behind them."""
    for name in dir(kind):
        if not name.startswith("_"):
            yield name, getattr_static(kind, name)


def keep(kind: type[Balances]) -> None:
    """Let everything that a kind of account offers go through its store."""
    for name, behind in list(public(kind)):
        if name in OPERATIONS:
            setattr(kind, name, _operation(behind))
        elif isfunction(behind):
            setattr(kind, name, _question(behind))
        else:
            setattr(kind, name, _fact(name, behind))


def _operation(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def act(self: Stored, *args: Any, **named: Any) -> Any:
        given = (*args, *named.values())
        sessions = [each for each in given if isinstance(each, Session)]
        with self._home.keeper.working([self, *_others(self, given)], sessions):
            return method(self, *args, **named)

    return act


def _question(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def answer(self: Stored, *args: Any, **named: Any) -> Any:
        with self._home.keeper.telling(self):
            return method(self, *args, **named)

    return answer


def _fact(name: str, behind: Any) -> property:
    """Return a property that tells the newest, and can be set only by the account itself, as it works."""

    def tell(self: Stored) -> Any:
        if self._home.busy or name == "name":  # a name never changes
            return behind.__get__(self)
        with self._home.keeper.telling(self):
            return behind.__get__(self)

    def put(self: Stored, value: Any) -> None:
        if not self._home.busy:
            raise StoreError(name, "what was agreed cannot be set anew on an account in a store")
        behind.__set__(self, value)

    return property(tell, put, doc=behind.__doc__)


def _others(account: Stored, given: tuple[Any, ...]) -> list[Stored]:
    """Return the other accounts that an operation names: all of one store."""
    others = [each for each in given if isinstance(each, Balances) and each is not account]
    for other in others:
        home = getattr(other, "_home", None)
        if home is None or home.keeper is not account._home.keeper:
            raise InputError("to", other.name, f"an account of the store that {account.name} is kept in")
    return [other for other in others if isinstance(other, Stored)]


keep(StoredPrepaidAccount)
keep(StoredPostpaidAccount)
