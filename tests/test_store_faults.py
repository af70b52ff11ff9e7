"""A store whose program is killed, whose disk is full, whose bytes are flipped, or that many use at once.

A kill is one of a process, at a seeded place; what the kernel was given stays given. Power failures are not tested.
"""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from prepaid_model.errors import InputError
from prepaid_model.ledger import Kind
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.store import TABLES, Store, StoreError
from prepaid_model.units import KB, QAR

pytest.importorskip("resource", reason="needs the process limits of Unix")

from tests import victim  # (it needs them too)

ROOT = Path(__file__).parent.parent
LIVES = 50
FILES = 4
BY_TABLE = [f"{verb} {table}" for table in ("buckets", "holds") for verb in ("INSERT INTO", "UPDATE", "DELETE FROM")]
STATEMENTS = ["BEGIN", "COMMIT", "INSERT INTO ledger", "UPDATE accounts", "UPDATE balances", *BY_TABLE]


class Victim:
    """The program that is killed again and again."""

    def __init__(self):
        self.program = start("lives", stdin=subprocess.PIPE)
        self.died = []

    def live(self, path, first, end, **more):
        """Let it live once; return up to which operation it said it had been answered."""
        self.program.stdin.write(json.dumps({"path": str(path), "first": first, "end": end, **more}) + "\n")
        self.program.stdin.flush()
        done = first
        for line in self.program.stdout:
            word, *rest = line.split(maxsplit=2)
            if word == "done":
                done = int(rest[0])
            elif word == "dies":
                self.died.append((rest[0], named(rest[1]) if rest[1:] else ""))
            elif word == "end":
                assert int(rest[0]) in (0, signal.SIGKILL), "it ended by itself"
                return done
        raise AssertionError("the program that forks has ended")

    def close(self):
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait(timeout=60)


def start(*args, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.victim", *map(str, args)], cwd=ROOT, text=True, stdout=subprocess.PIPE, **more
    )


def named(sql):
    """The kind of a statement: its verb and its table."""
    found = re.search(r"(BEGIN|COMMIT|PRAGMA|CREATE|SELECT|(?:INSERT INTO|UPDATE|DELETE FROM) \w+)", sql)
    return found[1] if found else sql


@pytest.fixture
def killed():
    program = Victim()
    yield program
    program.close()


def ends(file):
    """How the lives of one file end, one after the other: each kind of statement has its turn, before and after."""
    random = Random(file)
    for number in range(file * LIVES, (file + 1) * LIVES):
        if number % 4 == 3:
            yield {"steps": random.randrange(1, 4000)}
        else:
            turn, side = number % len(STATEMENTS), number // len(STATEMENTS) % 2
            yield {"life": random.randrange(1, 6), "of": STATEMENTS[turn], "after": bool(side)}


def in_memory(until):
    """The accounts after so many operations, each done once."""
    accounts = {account.name: account for account in victim.accounts()}
    for number in range(until):
        victim.operation(number, accounts.__getitem__)
    return accounts


def test_a_kill_at_any_statement_loses_nothing_and_does_nothing_twice(killed, tmp_path):
    for file in range(FILES):
        path, done = tmp_path / f"{file}.db", 0
        for end in ends(file):
            done = killed.live(path, done, end)
            with Store(path) as store:
                assert store.verify() == []
                for name in store.names:
                    keys = [int(key.split()[1]) for key in store.account(name).ledger.keys]
                    assert all(number < done + 3 for number in keys), "only what was asked for has happened"
        assert done > LIVES
        with Store(path) as store:
            for number in range(done, done + 3):  # what may or may not have happened, asked for again
                victim.operation(number, store.account)
            assert store.verify() == []
            for name, account in in_memory(done + 3).items():
                if name != "holder":
                    stored = store.account(name)
                    assert list(stored.ledger) == list(account.ledger)
                    assert stored.ledger.keys == account.ledger.keys
                    assert (stored.balance, stored.now, stored.status) == (account.balance, account.now, account.status)
    hit = Counter(killed.died)
    assert sum(hit.values()) >= 0.9 * FILES * LIVES
    assert hit["within", ""] > 0.2 * FILES * LIVES
    assert {(side, kind) for kind in STATEMENTS for side in ("before", "after")} - hit.keys() == set()


def test_a_kill_while_the_file_is_made_leaves_a_store_or_none(killed, tmp_path):
    for life in range(1, 44):
        for after in (False, True):
            path = tmp_path / f"{life} {after}.db"
            killed.live(path, 0, {"life": life, "after": after}, creating=True)
            with Store(path) as store:
                assert store.verify() == []
                assert set(store.names) <= set(victim.NAMES)
    assert {("before", "CREATE"), ("after", "CREATE"), ("before", "COMMIT"), ("after", "COMMIT")} <= set(killed.died)


@pytest.mark.parametrize("programs", [2, 4])
def test_programs_that_use_one_account_at_once_lose_no_update(tmp_path, programs):
    path, start_with = tmp_path / "accounts.db", 3 * QAR
    with Store(path) as store:
        for name in ("noor", "sami"):
            by_the_mb = Tariff(price=50_000, increment=100 * KB)
            account = PrepaidAccount(by_the_mb, opened=victim.START, out_of_bundle=True, name=name)
            account.top_up(start_with, at=victim.START)
            store.add(account)
        running = [start("hammer", path, f"program {number}", 120 // programs) for number in range(programs)]
        said = Counter()
        for program in running:
            for line in program.communicate(timeout=120)[0].splitlines():
                word, amount = line.split()
                said[word] += int(amount)
            assert program.returncode == 0
        noor, sami = store.prepaid("noor"), store.prepaid("sami")
        assert store.verify() == []
        columns = noor.ledger.columns()
        assert columns["balance"].min() >= 0
        assert columns["quantity"][columns["kind"] == Kind.USAGE].sum() == said["served"]
        assert sami.credit == start_with + said["sent"]
        assert noor.credit == start_with + said["paid"] - said["sent"] - said["served"] // (100 * KB) * 5_000
        assert len(noor.ledger.keys) >= 120


@pytest.mark.parametrize("room", [0, 5_000, 40_000])
def test_a_full_disk_says_so_and_loses_nothing(tmp_path, room):
    path, first = tmp_path / "accounts.db", 40
    with Store(path) as store:
        for account in in_memory(first).values():
            store.add(account)
    program = start("full", path, first, room)
    said = [line.split(maxsplit=1) for line in program.communicate(timeout=120)[0].splitlines()]
    assert program.returncode == 0
    words = [word for word, _ in said]
    assert words.count("full") == 1, "it was said once, and then there was room again"
    done = int(said[-1][1])
    at_that_moment = in_memory(done - 1)["noor"].credit
    assert ["still", str(at_that_moment)] in said
    with Store(path) as store:
        assert store.verify() == []
        for name, account in in_memory(done).items():
            assert list(store.account(name).ledger) == list(account.ledger)


# ---------------------------------------------------------------- flipped bytes


def told(store):
    """All that a store says about its accounts."""
    return {
        name: (
            *(list(account.ledger), account.ledger.notes, account.ledger.terms, account.ledger.keys),
            *(account.balance, account.now, account.status, account.held, account.buckets, account.due),
        )
        for name in store.names
        for account in [store.account(name)]
    }


def in_full(store):
    """Every cell of every table."""
    return {name: store.table(name).to_dict("list") for name in TABLES}


def test_a_flipped_byte_is_reported_and_never_served(tmp_path):
    path, random = tmp_path / "accounts.db", Random(5)
    with Store(path) as store:
        for account in in_memory(160).values():
            store.add(account)
        victim.charge(store.account("holder"), victim.Session(), victim.START)
        expected, cells = told(store), in_full(store)
    clean = path.read_bytes()
    size, noticed, unused = int.from_bytes(clean[16:18]), 0, 0
    for page in range(len(clean) // size):
        for _ in range(4):
            spoilt = bytearray(clean)
            spoilt[page * size + random.randrange(size)] ^= 1 << random.randrange(8)
            path.write_bytes(spoilt)
            faults = ["on opening"]
            try:
                with Store(path) as store:
                    faults = store.verify()
                    assert told(store) == expected
                    if not faults:
                        assert in_full(store) == cells, "what is not reported is as it was"
            except (StoreError, InputError):  # the latter where the name of an account is another
                assert faults
            noticed += bool(faults)
            unused += not faults
    assert len(clean) // size > 20
    assert noticed > unused


def test_a_spoilt_log_is_an_earlier_state_and_no_other(tmp_path):
    """What SQLite cannot read behind a spoilt place of its log, it takes as never written: all of it, not a part."""
    path, random = tmp_path / "accounts.db", Random(7)
    with Store(path) as store:
        noor = store.add(in_memory(40)["noor"])
        for number in range(40, 60):
            noor.adjust(1, at=victim.START + number * victim.HOUR, note="by hand")
        entries = list(noor.ledger)
        clean, log = path.read_bytes(), path.with_name("accounts.db-wal").read_bytes()
    lengths = set()
    for number in range(40):
        copy = tmp_path / f"{number}.db"
        spoilt = bytearray(log)
        spoilt[random.randrange(len(log))] ^= 1 << random.randrange(8)
        copy.write_bytes(clean)
        copy.with_name(f"{number}.db-wal").write_bytes(spoilt)
        with Store(copy) as store:
            assert store.verify() == []
            there = list(store.account("noor").ledger) if store.names else []
        assert there == entries[: len(there)]
        lengths.add(len(there))
    assert len(lengths) > 5
