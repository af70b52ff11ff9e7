"""A program that uses a store and is killed: what `test_store_faults` starts, and reads from by a pipe.

It says each operation that it has been answered, in a line of its own, and nothing else may be lost. Started once, it
forks a child for every life, so that a life costs milliseconds. A life ends at a chosen statement, just before it
runs or just after, or a chosen number of steps inside the database's own machine.
"""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from prepaid_model.buckets import Session
from prepaid_model.errors import InputError, Refused
from prepaid_model.offers import Bundle, Lifecycle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.store import Store, StoreError
from prepaid_model.units import KB, MB, QAR, parse_moment

START = parse_moment("2026-01-01 09:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BY_THE_MEGABYTE = Tariff(price=50_000, increment=100 * KB)
PLAN = Plan("Basic", fee=35 * QAR, allowance=300 * MB, overage=BY_THE_MEGABYTE, credit_limit=500 * QAR)
BUNDLES = (Bundle("hours", QAR, 200 * MB, 3 * HOUR, rollover=50 * MB), Bundle("day", 2 * QAR, 500 * MB, DAY))
NAMES = ("noor", "sami", "mona", "holder")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


# ---------------------------------------------------------------- a long life, one operation after the other


def accounts() -> list[Any]:
    """New accounts in memory; what happens to the last one is not the same twice."""
    lifecycle = Lifecycle(lend_up_to=2 * QAR)
    return [
        *(
            PrepaidAccount(BY_THE_MEGABYTE, lifecycle, opened=START, out_of_bundle=True, name=name)
            for name in ("noor", "sami", "holder")
        ),
        PostpaidAccount(PLAN, opened=START, name="mona"),
    ]


def operation(number: int, of: Any) -> None:
    """Do the operation of this number, under its key; `of` finds an account by its name."""
    random = Random(number)
    at, key = START + number * MINUTE, f"operation {number}"
    noor, sami, mona = (of(name) for name in NAMES[:3])
    with suppress(Refused, InputError):
        match number % 8:
            case 0:
                noor.top_up(random.randrange(5, 30) * QAR, at=at, key=key)
            case 1 | 5:
                noor.buy(random.choice(BUNDLES), at=at, renews=random.random() < 0.5, key=key)
            case 2:
                sami.use(random.randrange(1, 90 * MB), at=at, key=key)
            case 3:
                noor.transfer(random.randrange(1, 4) * QAR, sami, at=at, key=key)
            case 4:
                mona.use(random.randrange(1, 400 * MB), at=at, key=key)
            case 6:
                noor.use(random.randrange(1, 400 * MB), at=at, key=key)
            case 7:
                mona.pay(random.randrange(1, 9) * QAR, at=at, key=key)


def live(store: Store, first: int, last: int) -> None:
    """Do operations and say so: alone, or three in one transaction; between them, charge a session."""
    session, number = Session(), first
    while number < last:
        together = 3 if number % 5 == 0 else 1
        with store.transaction():
            for each in range(number, number + together):
                operation(each, store.account)
        number += together
        say("done", number)
        charge(store.account("holder"), session, START + number * MINUTE)


def charge(holder: Any, session: Session, at: Any) -> None:
    if holder.credit < 10 * QAR:
        holder.top_up(50 * QAR, at=at)
    if holder.held:
        holder.debit(3 * MB, session, at=at)
    holder.reserve(20 * MB, session, at=at)
    holder.reserve(5 * MB, session, at=at)
    if holder.held > 4 * QAR:
        holder.release(session, at=at)


# ---------------------------------------------------------------- how it ends


class Fragile(sqlite3.Connection):
    """A connection in a program that is killed at a chosen statement."""

    life = 0  # statements until the end; 0 for no end
    of = ""  # how the statements that count begin
    after = False  # whether the last of them still runs
    steps = 0  # of the database's machine until the end; 0 for no end

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        last = False
        if Fragile.life and sql.startswith(Fragile.of):
            Fragile.life -= 1
            last = Fragile.life == 0
        if last and not Fragile.after:
            die("before", sql)
        if Fragile.steps and sql.startswith("BEGIN"):
            self.set_progress_handler(lambda: die("within", "") if spent() else None, 1)
        cursor = super().execute(sql, *values)
        if last:
            die("after", sql)
        return cursor


def spent() -> bool:
    Fragile.steps -= 1
    return Fragile.steps == 0


def die(when: str, sql: str) -> None:
    say("dies", when, *sql.split())
    os.kill(os.getpid(), signal.SIGKILL)


def arm(*, life: int = 0, of: str = "", after: bool = False, steps: int = 0) -> None:
    Fragile.life, Fragile.of, Fragile.after, Fragile.steps = life, of, after, steps


def make_fragile() -> None:
    """Let every connection of this program be a fragile one."""
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **named: connect(*args, **named, factory=Fragile)  # type: ignore[assignment, misc]


def one_life(path: str, first: int, end: dict[str, Any], *, creating: bool = False) -> None:
    if creating:
        arm(**end)
    with Store(path) as store:
        for account in accounts():
            if account.name not in store.names:
                store.add(account)
        for name in NAMES:
            store.account(name)
        for session in store.sessions("holder"):  # of the one that was killed
            store.account("holder").release(session, at=store.account("holder").now)
        if not creating:
            arm(**end)
        live(store, first, first + 100)


def lives(requests: Iterator[str]) -> None:
    """Live once for each line of the input."""
    for line in requests:
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            say("end", status)
        else:
            try:
                one_life(**json.loads(line))
            finally:
                os._exit(0)


# ---------------------------------------------------------------- several at once, and a disk that is full


def hammer(path: str, who: str, times: int) -> None:
    """Do many small things to one account that others use at the same time, all at one instant; say each answer."""
    with Store(path, patience=timedelta(seconds=60)) as store:
        noor, sami = store.prepaid("noor"), store.prepaid("sami")
        for number in range(times):
            key = f"{who} {number}"
            say("served", noor.use(MB, at=START, key=key).served)
            with suppress(Refused):
                noor.transfer(QAR // 10, sami, at=START, key=f"{key} to sami")
                say("sent", QAR // 10)
            if number % 4 == 0:
                noor.top_up(QAR // 4, at=START, key=f"{key} money")
                say("paid", QAR // 4)


def full(path: str, first: int, room: int) -> None:
    """Go on until no file may grow any more, then again with room."""
    import resource  # only Unix has it; the other ways to use this program need it not

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in Path(path).parent.iterdir())
    number = first
    with Store(path) as store:
        for name in NAMES:
            store.account(name)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
        try:
            for number in range(first, first + 1000):
                operation(number, store.account)
                say("done", number + 1)
        except StoreError as why:
            say("full", why.problem)
        say("still", store.prepaid("noor").credit)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        operation(number, store.account)
        say("done", number + 1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["lives"]:
            make_fragile()
            lives(iter(sys.stdin.readline, ""))
        case ["hammer", path, who, times]:
            hammer(path, who, int(times))
        case ["full", path, first, room]:
            full(path, int(first), int(room))
