"""How fast a store is: operations a second that are each on the disk before they are answered.

Run as a program it is one of several that use the same account at once.
"""

import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from prepaid_model.offers import Bundle
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.store import Store
from prepaid_model.units import GB, KB, QAR, parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATIONS = 1000
GROUPED = 20_000
START = parse_moment("2026-01-01 09:00")


@contextmanager
def one_account() -> "Iterator[Store]":
    """Open a temporary store with an account that has data left."""
    with Store.temporary() as store:
        account = store.add(PrepaidAccount(Tariff(price=50_000), opened=START, name="Noor"))
        account.top_up(25 * QAR, at=START)
        account.buy(Bundle("week", 10 * QAR, 100 * GB, timedelta(days=7)), at=START)
        yield store


def alone() -> float:
    """Return operations a second, each in a transaction of its own."""
    with one_account() as store:
        began = time.perf_counter()
        use(store, OPERATIONS, "report")
        return OPERATIONS / (time.perf_counter() - began)


def grouped() -> float:
    """Return operations a second, a thousand to a transaction."""
    with one_account() as store:
        began = time.perf_counter()
        for group in range(GROUPED // 1000):
            with store.transaction():
                use(store, 1000, f"report {group}")
        return GROUPED / (time.perf_counter() - began)


def opened() -> float:
    """Return entries a second that are read from a file, each checked by its hash, and their balances worked out."""
    with one_account() as store:
        with store.transaction():
            use(store, GROUPED, "report")
        with Store(store.path) as again:
            began = time.perf_counter()
            entries = len(again.account("Noor").ledger)
            return entries / (time.perf_counter() - began)


def together(programs: int) -> float:
    """Return operations a second of several programs that use one account at once, each in a transaction of its own."""
    with one_account() as store:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "tools.store_speed", str(store.path), f"program {number}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parent.parent,
            )
            for number in range(programs)
        ]
        for program in running:
            _pipe(program.stdout).readline()  # it is ready
        began = time.perf_counter()
        for program in running:
            _pipe(program.stdin).close()
        for program in running:
            if program.wait():
                raise RuntimeError("a program ended in an error")
            _pipe(program.stdout).close()
        return programs * OPERATIONS / (time.perf_counter() - began)


def use(store: Store, times: int, key: str) -> None:
    """Use data so many times."""
    account = store.prepaid("Noor")
    for number in range(times):
        account.use(KB, at=START, key=f"{key} {number}")


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("a program without a pipe")
    return pipe


def main() -> None:
    """Be one of several programs: get ready, say so, and begin when the input ends."""
    path, key = sys.argv[1:]
    with Store(path, patience=timedelta(minutes=1)) as store:
        store.account("Noor")
        print("ready", flush=True)
        sys.stdin.read()
        use(store, OPERATIONS, key)


if __name__ == "__main__":
    main()
