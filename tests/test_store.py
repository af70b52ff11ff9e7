"""What a store promises, one promise a test; random histories and faults have files of their own."""

import inspect
import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from prepaid_model.balances import Status
from prepaid_model.buckets import Session
from prepaid_model.charging import ChargingServer
from prepaid_model.credit_control import CreditControlRequest, Octets, RequestType, ServiceRequest
from prepaid_model.errors import InputError, Refused
from prepaid_model.laws import BYTES_LAW, EITHER_WAY, GRANTS, MONEY_LAW
from prepaid_model.ledger import Kind
from prepaid_model.offers import Bundle, Lifecycle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.rating import Tariff
from prepaid_model.storage.files import APPLICATION, SCHEMA
from prepaid_model.storage.kept import OPERATIONS, public
from prepaid_model.store import TABLES, Stopped, Store, StoredPostpaidAccount, StoredPrepaidAccount, StoreError
from prepaid_model.units import GB, MB, QAR, parse_moment

NINE = parse_moment("2026-01-01 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PER_MB = Tariff(price=50_000)
WEEK = Bundle("1 GB week", 10 * QAR, GB, 7 * DAY)
BASIC = Plan("Basic", fee=35 * QAR, allowance=2 * GB, overage=PER_MB, credit_limit=250 * QAR)


def prepaid(name="Noor", **more):
    return PrepaidAccount(PER_MB, opened=NINE, name=name, **more)


@pytest.fixture
def store():
    with Store.temporary() as opened:
        yield opened


@pytest.fixture
def noor(store):
    """An account with credit and a bundle, of which some is used."""
    account = store.add(prepaid(out_of_bundle=True))
    account.top_up(25 * QAR, at=NINE, key="voucher 1")
    account.buy(WEEK, at=NINE)
    account.use(300 * MB, at=NINE)
    return account


def by_hand(store, *statements):
    """Change the file behind the store's back, where its schema allows it."""
    connection = sqlite3.connect(store.path, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


# ---------------------------------------------------------------- the file


def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path):
    path = tmp_path / "accounts.db"
    with Store(path) as store:
        noor = store.add(prepaid())
        noor.top_up(25 * QAR, at=NINE, key="voucher 1")
        mona = store.add(PostpaidAccount(BASIC, opened=NINE, name="Mona"))
        mona.use(3 * GB, at=NINE)
        told = [(list(account.ledger), account.balance, account.buckets, account.due) for account in (noor, mona)]
    with Store(str(path)) as store:
        assert store.names == ("Noor", "Mona")
        again = [store.prepaid("Noor"), store.postpaid("Mona")]
        assert [(list(account.ledger), account.balance, account.buckets, account.due) for account in again] == told
        assert store.prepaid("Noor").top_up(25 * QAR, at=NINE, key="voucher 1") == 1
        assert store.account("Noor") is again[0]


def test_a_store_stays_the_file_it_was_opened_as(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store("accounts.db") as store:
        store.add(prepaid())
        monkeypatch.chdir("/")
        assert store.path == tmp_path / "accounts.db"
        assert store.verify() == []
        assert len(store.table("accounts")) == 1


def test_a_temporary_store_leaves_nothing():
    with Store.temporary() as store:
        folder = store.path.parent
        assert store.path.exists()
    assert not folder.exists()


def test_a_store_is_a_write_ahead_log_that_is_written_through(store):
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def other_database(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.commit()
    connection.close()


def marked(version, application=APPLICATION):
    def make(path):
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE mine (a)")
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()

    return make


def cut_off(path):
    Store(path).close()
    path.write_bytes(path.read_bytes()[:5000])


def altered(path):
    with Store(path) as store:
        by_hand(store, "DROP TRIGGER ledger_stays")


def text(path):
    path.write_text("name,balance\nNoor,25\n")


def stump(path):
    path.write_bytes(b"SQLite format 3\x00" + bytes(20))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (text, "is no store: it is no SQLite file"),
        (stump, "is no store: it is no SQLite file"),
        (other_database, "is no store: it is an SQLite file of another program"),
        (marked(2), "is newer: its schema is number 2, known is 1"),
        (marked(0), "is of an unknown kind"),
        (marked(1), "is damaged: its tables are not those of a store"),
        (cut_off, "is damaged: database disk image is malformed"),
        (altered, "is damaged: its tables are not those of a store"),
        (Path.mkdir, "cannot be read: Is a directory"),
    ],
)
def test_a_file_that_is_no_sound_store_says_so(tmp_path, make, says):
    path = tmp_path / "file"
    make(path)
    with pytest.raises(StoreError, match=says) as caught:
        Store(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.store == str(path)


@pytest.mark.parametrize("make", [text, stump, other_database, marked(2), cut_off])
def test_a_file_that_is_no_store_or_is_damaged_stays_as_it_is_to_the_byte(tmp_path, make):
    path = tmp_path / "file"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Store(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_where_no_file_can_be_there_is_no_store(tmp_path):
    with pytest.raises(StoreError, match=r"cannot be opened|cannot be read or written"):
        Store(tmp_path / "nowhere" / "accounts.db")
    with pytest.raises(StoreError, match=r"is no file; `Store.temporary` makes one"):
        Store(":memory:")


def test_programs_that_make_the_same_file_at_once_get_the_same_store(tmp_path):
    code = f"from prepaid_model.store import Store; store = Store({str(tmp_path / 'new.db')!r}); print(store.verify())"
    programs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [program.communicate(timeout=60)[0] for program in programs] == ["[]\n"] * 4


def test_a_closed_store_and_that_of_another_process_say_so(store, noor, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(StoreError, match="was opened by another process"):
        _ = noor.credit
    monkeypatch.undo()
    store.close()
    for asked in (lambda: noor.credit, lambda: noor.top_up(QAR, at=NINE), store.verify, lambda: store.names):
        with pytest.raises(StoreError, match="is closed"):
            asked()
    assert noor.name == "Noor"


# ---------------------------------------------------------------- accounts


@pytest.mark.parametrize("kind", [StoredPrepaidAccount, StoredPostpaidAccount])
def test_all_that_an_account_offers_goes_through_the_store(kind):
    base = kind.__mro__[1]
    for name, behind in public(base):
        assert name in vars(kind), name
        if inspect.isfunction(behind):
            changes = "at" in inspect.signature(behind).parameters and name != "next_price_change"
            assert (name in OPERATIONS) == changes, name


def test_every_operation_is_one_of_an_account():
    offered = {name for kind in (PrepaidAccount, PostpaidAccount) for name, _ in public(kind)}
    assert offered >= OPERATIONS


def test_names_are_used_once_and_known(store, noor):
    with pytest.raises(InputError, match="a name that no other account"):
        store.add(prepaid())
    with pytest.raises(InputError, match="a name for the account"):
        store.add(prepaid(""))
    with pytest.raises(InputError, match="whole characters"):
        store.add(prepaid("half of \ud83d"))
    with pytest.raises(InputError, match="an account in memory"):
        store.add(noor)
    with pytest.raises(InputError, match="one of Noor"):
        store.account("Sami")
    with pytest.raises(InputError, match="a postpaid account"):
        store.postpaid("Noor")
    store.add(PostpaidAccount(BASIC, opened=NINE, name="Mona"))
    with pytest.raises(InputError, match="a prepaid account"):
        store.prepaid("Mona")
    assert store.names == ("Noor", "Mona")
    assert store.verify() == []


def test_an_account_brings_its_history_along(store):
    account = prepaid(out_of_bundle=True)
    account.top_up(25 * QAR, at=NINE, key="voucher 1")
    session = Session()
    account.reserve(20 * MB, session, at=NINE)
    stored = store.add(account)
    assert list(stored.ledger) == list(account.ledger)
    assert stored.held == account.held == QAR
    assert store.verify() == []


def test_what_was_agreed_cannot_be_set_from_outside(noor):
    for name in ("tariff", "lifecycle", "ledger", "name"):
        with pytest.raises(StoreError, match="cannot be set anew"):
            setattr(noor, name, None)
    assert noor.tariff == PER_MB


def test_transfers_are_between_accounts_of_one_store(store, noor):
    in_memory = prepaid("Sami")
    in_memory.top_up(5 * QAR, at=NINE)
    before = list(noor.ledger), list(in_memory.ledger)
    with pytest.raises(InputError, match="an account of the store that Noor is kept in"):
        noor.transfer(QAR, in_memory, at=NINE)
    with pytest.raises(Refused, match="Noor is kept in a store, the other account is not"):
        in_memory.transfer(QAR, noor, at=NINE)
    with Store.temporary() as elsewhere:
        other = elsewhere.add(in_memory)
        with pytest.raises(InputError, match="an account of the store that Sami is kept in"):
            other.transfer(QAR, noor, at=NINE)
        assert other.credit == 5 * QAR
    assert (list(noor.ledger), list(in_memory.ledger)) == before
    assert store.verify() == []


def test_a_bucket_in_hand_stays_the_bucket(store, noor):
    (bucket,) = noor.buckets
    with Store(store.path) as elsewhere:
        elsewhere.account("Noor").use(100 * MB, at=NINE)
    assert noor.data_left == 600 * MB
    assert bucket.left == 600 * MB
    noor.renew_automatically(bucket, True, at=NINE)
    assert bucket.terms.renews


def test_two_stores_of_one_file_tell_each_other(store, noor):
    with Store(store.path) as elsewhere:
        there = elsewhere.prepaid("Noor")
        for step in range(1, 6):
            here = (noor, there)[step % 2]
            here.use(MB, at=NINE + step * HOUR)
            here.allow_out_of_bundle(step % 2 == 0, at=NINE + step * HOUR)
            assert noor.now == there.now == NINE + step * HOUR
            assert noor.out_of_bundle == there.out_of_bundle == (step % 2 == 0)
            assert list(noor.ledger) == list(there.ledger)
        with pytest.raises(InputError, match="never runs back"):
            there.use(MB, at=NINE)
    assert store.verify() == []


def test_threads_take_turns(store, noor):
    before = noor.credit
    threads = [
        threading.Thread(target=lambda: [noor.adjust(1, at=NINE, note="thread") for _ in range(25)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert noor.credit == before + 100
    assert store.verify() == []


def test_an_overdraft_is_stored_with_its_cause(store):
    account = store.add(prepaid(out_of_bundle=True))
    account.top_up(QAR, at=NINE)
    server = ChargingServer({"sim": account}, overdraft="overshoot")
    server.answer(CreditControlRequest("s", RequestType.INITIAL, 0, "sim", (ServiceRequest(0, MB),)), at=NINE)
    used = (ServiceRequest(0, None, Octets(0, 50 * MB)),)
    server.answer(CreditControlRequest("s", RequestType.TERMINATION, 1, "sim", used), at=NINE)
    assert account.balance == QAR - 50 * 50_000
    with Store(store.path) as elsewhere:
        there = elsewhere.account("Noor")
        assert there.balance == account.balance
        assert [entry.quantity for entry in there.ledger if entry.kind is Kind.OVERDRAFT] == [30 * MB]
    assert store.verify() == []


# ---------------------------------------------------------------- transactions


def test_an_operation_is_one_transaction_of_few_statements(store, noor):
    noor.use(MB, at=NINE + HOUR)
    verbs = [" ".join(statement.split()[:2]) for statement in store.statements]
    assert verbs == ["BEGIN IMMEDIATE", "INSERT INTO", "UPDATE buckets", "UPDATE accounts", "COMMIT"]
    assert "'2026-01-01 10:00:00', 'usage', 0, -1000000," in store.statements[1]
    noor.adjust(1, at=NINE + HOUR, note="a mother's 'o'")
    assert "'a mother''s ''o'''" in store.statements[1]
    assert noor.credit == 15 * QAR + 1  # asking adds no statement
    assert store.statements[-1] == "COMMIT"


def test_a_refusal_saves_what_it_changes_in_memory_the_clock_and_what_fell_due(store, noor):
    dear = Bundle("dear", 100 * QAR, GB, DAY)
    with pytest.raises(Refused):
        noor.buy(dear, at=NINE + 8 * DAY)
    with Store(store.path) as elsewhere:
        there = elsewhere.account("Noor")
        assert there.now == NINE + 8 * DAY
        assert [entry.kind for entry in there.ledger][-1] is Kind.EXPIRED
    entries = len(noor.ledger)
    with pytest.raises(InputError):
        noor.top_up(-1, at=NINE + 9 * DAY)
    assert (noor.now, len(noor.ledger)) == (NINE + 8 * DAY, entries)


def test_what_goes_wrong_in_an_operation_undoes_it(store, noor, monkeypatch):
    before = list(noor.ledger), noor.credit, noor.now, [bucket.left for bucket in noor.buckets]

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(StoredPrepaidAccount, "_look_ahead", broken)
    with pytest.raises(ZeroDivisionError):
        noor.adjust(QAR, at=NINE + HOUR, note="by hand")
    monkeypatch.undo()
    assert (list(noor.ledger), noor.credit, noor.now, [bucket.left for bucket in noor.buckets]) == before
    assert store.verify() == []


def test_a_group_is_saved_whole_or_not_at_all(store, noor):
    sami = store.add(prepaid("Sami"))
    with store.transaction():
        noor.transfer(QAR, sami, at=NINE)
        sami.top_up(QAR, at=NINE)
        with pytest.raises(Refused):
            sami.transfer(50 * QAR, noor, at=NINE)
        with Store(store.path) as elsewhere:
            assert elsewhere.prepaid("Sami").credit == 0, "nobody else sees it yet"
        assert sami.credit == 2 * QAR
    assert store.statements.count("COMMIT") == 1
    for error, amount in ((KeyError, QAR), (Refused, 50 * QAR)):
        with pytest.raises(error):
            give_and_fail(store, noor, sami, amount)
        assert (noor.credit, sami.credit) == (14 * QAR, 2 * QAR)
    assert store.verify() == []


def test_an_account_that_was_added_in_vain_is_not_there(store, noor):
    taken = []

    def add_and_fail():
        with store.transaction():
            taken.append(store.add(prepaid("Sami")))
            taken[0].top_up(QAR, at=NINE)
            assert store.account("Sami").credit == QAR
            raise KeyError

    with pytest.raises(KeyError):
        add_and_fail()
    assert store.names == ("Noor",)
    for asked in (lambda: store.account("Sami"), lambda: taken[0].credit):
        with pytest.raises((InputError, StoreError), match=r"one of Noor|is missing"):
            asked()
    mona = store.add(PostpaidAccount(BASIC, opened=NINE, name="Mona"))
    with pytest.raises(StoreError, match="Sami: it is missing; account 2 is Mona"):
        taken[0].top_up(QAR, at=NINE)
    assert mona.balance == -35 * QAR
    sami = store.add(prepaid("Sami"))
    assert sami is not taken[0]
    assert sami.top_up(QAR, at=NINE) == 1
    assert store.verify() == []


def test_an_account_is_opened_in_a_transaction_as_well(store, noor):
    with Store(store.path) as elsewhere:
        with elsewhere.transaction():
            there = elsewhere.prepaid("Noor")
            there.top_up(QAR, at=NINE)
            assert there.credit == 16 * QAR
            assert noor.credit == 15 * QAR
        assert noor.credit == 16 * QAR


def give_and_fail(store, noor, sami, amount):
    with store.transaction():
        noor.top_up(QAR, at=NINE)
        sami.use(MB, at=NINE)
        noor.transfer(amount, sami, at=NINE)
        raise KeyError


def test_a_group_in_which_something_broke_off_saves_nothing(store, noor, monkeypatch):
    def break_off():
        monkeypatch.setattr(StoredPrepaidAccount, "_finish", lambda *_: 1 // 0)
        with suppress(ZeroDivisionError):
            noor.adjust(QAR, at=NINE, note="by hand")
        monkeypatch.undo()

    def leave():
        with suppress(KeyError), store.transaction():
            raise KeyError

    def both(what):
        with store.transaction():
            noor.top_up(QAR, at=NINE)
            what()

    def end_it():  # as SQLite itself does after some errors
        store._connection.rollback()

    for what in (break_off, leave, end_it):
        with pytest.raises(StoreError, match="saves nothing"):
            both(what)
        assert noor.credit == 15 * QAR


def test_what_a_session_holds_is_undone_with_its_operation(store, noor):
    session = Session()
    noor.reserve(10 * MB, session, at=NINE)
    before = dict(session.holds), dict(session.totals), session.operation, session.cost
    with pytest.raises(Stopped), store.stop_after(3):
        noor.debit(800 * MB, session, at=NINE)
    assert (session.holds, session.totals, session.operation, session.cost) == before
    assert noor.debit(800 * MB, session, at=NINE) == 0
    noor.release(session, at=NINE)
    assert noor.held == 0
    assert store.verify() == []


def test_a_connection_that_breaks_off_leaves_nothing_by_half(store, noor):
    before, after = list(noor.ledger), 1
    while True:
        with pytest.raises(Stopped, match=f"after statement {after}"), store.stop_after(after):
            noor.buy(WEEK, at=NINE + HOUR)
        if store.statements[-1] == "COMMIT":
            break
        assert list(noor.ledger) == before
        assert store.verify() == []
        after += 1
    assert after == 7
    assert [entry.kind for entry in noor.ledger][len(before) :] == [Kind.BUNDLE, Kind.GRANT]
    assert store.verify() == []
    with store.stop_after(99):  # it has fewer
        noor.top_up(QAR, at=NINE + HOUR)
    assert noor.credit == 6 * QAR


def test_who_waits_too_long_is_told_so_and_nothing_has_changed(store, noor):
    with Store(store.path, patience=timedelta(0)) as elsewhere:
        there = elsewhere.prepaid("Noor")
        with store.transaction():
            noor.top_up(QAR, at=NINE)
            with pytest.raises(StoreError, match="is busy"):
                there.top_up(QAR, at=NINE)
            assert there.credit == 15 * QAR
        assert there.credit == 16 * QAR
        there.top_up(QAR, at=NINE)
    assert noor.credit == 17 * QAR


def test_text_that_no_file_can_hold_is_refused(store, noor):
    with pytest.raises(InputError, match="whole characters"):
        noor.top_up(QAR, at=NINE, channel="half of \ud83d")
    assert noor.credit == 15 * QAR
    odd = "quote ' \" \\ \x00 é ع 😀"
    noor.top_up(QAR, at=NINE, channel=odd, key=odd)
    with Store(store.path) as elsewhere:
        assert elsewhere.prepaid("Noor").top_up(QAR, at=NINE, channel=odd, key=odd) == len(noor.ledger)
    assert store.verify() == []


# ---------------------------------------------------------------- what the schema refuses

ENTRY = {"account": 1, "id": 6, "at": "'2026-01-01 09:00:00'", "kind": "'usage'", "money": 0, "volume": 0, "bucket": 0}
ENTRY |= {"quantity": 0, "balance": 15 * QAR, "left": 0, "operation": 6, "reverses": 0, "key": "NULL", "note": "NULL"}
ENTRY |= {"terms": "NULL", "hash": "zeroblob(32)"}


def entry(**changed):
    row = ENTRY | changed
    return f"INSERT OR REPLACE INTO ledger ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))})"


REFUSED = {
    "UPDATE ledger SET money = money + 1": "an entry is never changed, only reversed",
    "DELETE FROM ledger": "an entry is never taken away",
    "DELETE FROM accounts": "an account is never taken away",
    "UPDATE accounts SET name = 'Sami', version = version + 1": "an account keeps its name",
    "UPDATE accounts SET version = 1": "an account keeps its name, and its clock never runs back",
    "UPDATE accounts SET version = version + 1, clock = '2025-01-01 00:00:00'": "its clock never runs back",
    "UPDATE accounts SET version = version + 1, entries = 1": "its clock never runs back",
    "UPDATE balances SET balance = -1": "a prepaid balance below zero has a recorded cause",
    "UPDATE balances SET status = 'fine'": "CHECK constraint failed: status",
    "UPDATE balances SET balance = 'much'": "cannot store TEXT value in INTEGER column",
    "UPDATE buckets SET left = -1": "CHECK constraint failed",
    "INSERT INTO buckets VALUES (1, 77, 'none', 1, '2026-01-01 09:00:00', 0)": "FOREIGN KEY constraint failed",
    "INSERT INTO holds VALUES (1, 77, 0, 1)": "FOREIGN KEY constraint failed",
    "INSERT INTO holds VALUES (1, 1, 0, 0)": "CHECK constraint failed: amount",
    entry(id=8, operation=8, balance=0): "an entry comes behind the last one",
    entry(id=5): "an entry comes behind the last one|an entry is never taken away",
    entry(account=9, id=1, operation=1, balance=0): "FOREIGN KEY constraint failed",
    entry(at="'2025-12-31 09:00:00'"): "an entry is no earlier than the one before it",
    entry(at="'yesterday'"): "CHECK constraint failed: at",
    entry(kind="'gift'"): "CHECK constraint failed: kind",
    entry(money=1): "the balance is the sum of money so far",
    entry(money=1, balance=15 * QAR + 1): "CHECK constraint failed: money <= 0",
    entry(money=-16 * QAR, balance=-QAR): "a prepaid balance below zero has a recorded cause",
    entry(kind="'top up'", money=-1, balance=15 * QAR - 1): "CHECK constraint failed: money >= 0",
    entry(volume=-MB, bucket=4, left=1): "what is left in a bucket is the sum of its bytes so far",
    entry(volume=-GB, bucket=4, left=-300 * MB): "CHECK constraint failed: left",
    entry(volume=1, bucket=4, left=700 * MB + 1): "CHECK constraint failed: volume <= 0",
    entry(kind="'grant'", volume=-1, bucket=4, left=700 * MB - 1): "CHECK constraint failed: volume >= 0",
    entry(bucket=3): "a bucket has been granted",
    entry(bucket=6): "CHECK constraint failed: bucket <> id",
    entry(quantity=-1): "CHECK constraint failed: quantity",
    entry(operation=7): "CHECK constraint failed: operation",
    entry(reverses=6): "CHECK constraint failed: reverses",
    entry(key="'voucher 1'"): "UNIQUE constraint failed: ledger.account, ledger.key|an entry is never taken away",
    entry(key="''"): "CHECK constraint failed: key",
    entry(terms="'{'"): "CHECK constraint failed: terms",
    entry(hash="x'00'"): "CHECK constraint failed: length",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_the_schema_refuses_what_must_not_be(store, noor, statement):
    assert len(noor.ledger) == 5
    store.add(prepaid("Sami"))
    before = {name: store.table(name) for name in TABLES}
    with pytest.raises(sqlite3.IntegrityError, match=REFUSED[statement]):
        store._connection.execute(statement)
    assert all(store.table(name).equals(before[name]) for name in TABLES)


def test_the_schema_takes_what_may_be(store, noor):
    store._connection.execute(entry(volume=-MB, bucket=4, left=699 * MB, quantity=MB))


def test_the_schema_knows_the_kinds_and_which_way_they_move():
    lists = re.findall(r"kind IN \(([^)]*)\)", SCHEMA)
    told = [{word.strip(" '\n") for word in listed.split(",")} for listed in lists]
    of_accounts, kinds, grants, money_in, money_out, bytes_in, bytes_out, granting = told
    assert of_accounts == {"prepaid", "postpaid"}
    assert kinds == {kind.label for kind in Kind}
    assert grants == granting == {kind.label for kind in GRANTS}
    assert money_in == {kind.label for kind in MONEY_LAW[+1] + EITHER_WAY}
    assert money_out == {kind.label for kind in MONEY_LAW[-1] + EITHER_WAY}
    assert (bytes_in, bytes_out) == tuple({kind.label for kind in BYTES_LAW[sign]} for sign in (+1, -1))
    statuses = SCHEMA.split("status IN (")[1].split(")")[0]
    assert {word.strip(" '") for word in statuses.split(",")} == set(Status)


# ---------------------------------------------------------------- verify and rebuild

TAMPERED = {
    "UPDATE balances SET balance = balance + 5000000": "Noor: the balance is QAR 20.00, its ledger says QAR 15.00",
    "UPDATE balances SET status = 'grace'": "Noor: the status is grace, its ledger says active",
    "UPDATE balances SET more = replace(more, '\"owed\":0', '\"owed\":7')": "Noor: it stands at PrepaidStanding(owed=7",
    "UPDATE balances SET more = '[]'": "Noor: it stands at (), its ledger says",
    "UPDATE balances SET more = '{\"Gift\":{}}'": "Noor: '{\"Gift\":{}}' stands for nothing: 'Gift'",
    "DELETE FROM balances": "Noor: there is no balance; `Store.rebuild` works it out anew from the ledger",
    "UPDATE buckets SET left = left + 1": (
        "Noor: bucket 4 is 700000001 bytes of 1 GB week until 2026-01-08 09:00:00, not renewing,"
        " its ledger says 700000000 bytes of 1 GB week until 2026-01-08 09:00:00, not renewing"
    ),
    "UPDATE buckets SET name = 'gift'": "Noor: bucket 4 is 700000000 bytes of gift until",
    "UPDATE buckets SET renews = 1": "Noor: bucket 4 is 700000000 bytes of 1 GB week until 2026-01-08 09:00:00, renew",
    "UPDATE buckets SET expires = 'never'": "Noor: 'never' is no moment",
    "DELETE FROM buckets": "Noor: bucket 4 is missing, its ledger says 700000000 bytes",
    "INSERT INTO buckets VALUES (1, 1, 'gift', 1, '2027-01-01 00:00:00', 0)": (
        "Noor: bucket 1 is 1 bytes of gift until 2027-01-01 00:00:00, not renewing, its ledger knows of none"
    ),
    "UPDATE holds SET amount = 1": "Noor: what session 6 holds of bucket 4 is 1, its ledger says 5000000",
    "DELETE FROM holds": "Noor: what session 6 holds of bucket 4 is missing, its ledger says 5000000",
    "INSERT INTO holds VALUES (1, 1, 0, 9)": (
        "Noor: what session 1 holds of the main balance is 9, its ledger knows of none"
    ),
    "UPDATE accounts SET version = version + 1": "account 1 ('Noor') is not what was written: its seal is another",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_what_another_hand_has_changed_is_told_and_not_served(store, noor, statement):
    noor.reserve(5 * MB, Session(), at=NINE)
    told = list(noor.ledger), noor.credit, noor.held, [bucket.left for bucket in noor.buckets]
    by_hand(store, statement)
    assert [fault.removeprefix("account 1: ")[: len(TAMPERED[statement])] for fault in store.verify()] == [
        TAMPERED[statement]
    ]
    for asked in (lambda: noor.credit, lambda: noor.use(MB, at=NINE)):
        with pytest.raises(StoreError, match="is damaged"):
            asked()
    with Store(store.path) as elsewhere, pytest.raises(StoreError, match="is damaged"):
        elsewhere.account("Noor")
    if "accounts" not in statement:
        store.rebuild("Noor")
        assert store.verify() == []
        assert (list(noor.ledger), noor.credit, noor.held, [bucket.left for bucket in noor.buckets]) == told


def test_a_status_that_there_is_not_is_told(store, noor):
    by_hand(store, "PRAGMA ignore_check_constraints = ON", "UPDATE balances SET status = 'fine'")
    assert "Noor: 'fine' is not a valid Status" in store.verify()
    with pytest.raises(StoreError, match="'fine' is not a valid Status"):
        _ = noor.credit


def unguarded(store, *statements):
    """Change the file as somebody could who takes its triggers away and puts them back."""
    connection = sqlite3.connect(store.path, isolation_level=None)
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in triggers:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["UPDATE ledger SET note = 'gift' WHERE id = 1"], "entry 1 is not what was written"),
        (
            ['UPDATE ledger SET terms = \'{"at":"2027-01-01 00:00:00"}\' WHERE id = 1'],
            "entry 1 is not what was written",
        ),
        (["UPDATE ledger SET key = NULL WHERE id = 1"], "entry 1 is not what was written"),
        (["UPDATE ledger SET hash = zeroblob(32) WHERE id = 3"], "entry 3 is not what was written"),
        (["DELETE FROM ledger WHERE id = 5"], "5 entries were written, and 4 are there"),
        (["DELETE FROM ledger WHERE id = 2"], "entry 3 is not what was written, or not the next"),
        (["UPDATE accounts SET settings = replace(settings, '50000', '40000')"], "its seal is another"),
        (["UPDATE accounts SET clock = '2026-01-05 00:00:00'"], "its seal is another"),
        (["PRAGMA foreign_keys = OFF", "DELETE FROM accounts"], "account 1 is missing"),
    ],
)
def test_an_entry_that_was_changed_behind_the_triggers_is_told_and_not_served(store, noor, statements, says):
    assert noor.credit == 15 * QAR
    unguarded(store, *statements)
    assert says in "; ".join(store.verify())
    with Store(store.path) as elsewhere, pytest.raises((StoreError, InputError), match=f"{says}|expected one of"):
        elsewhere.account("Noor")
    with pytest.raises((StoreError, InputError)):
        store.rebuild("Noor")


def wrong_sum(account):
    account.ledger.append(NINE, Kind.TOP_UP, money=QAR, balance=2 * QAR, operation=1)


def other_balance(account):
    account.ledger.append(NINE, Kind.LOAN, money=QAR, balance=QAR, operation=1)


def unknown_status(account):
    account.ledger.append(NINE, Kind.STATUS, balance=0)
    account.ledger.notes[1] = "fine"


def early_clock(account):
    account.ledger.append(NINE + DAY, Kind.RENEWAL, balance=0)


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (wrong_sum, StoreError, "refuses what would break its rules: the balance is the sum of money so far"),
        (other_balance, InputError, r"the balance is QAR 0\.00, its ledger says QAR 1\.00"),
        (
            unknown_status,
            InputError,
            "the entries tell no story that an account can have .*'fine' is not a valid Status",
        ),
        (early_clock, InputError, "the entries tell no story|its kind or its clock is not that of its ledger"),
    ],
)
def test_an_account_that_is_not_what_its_ledger_says_is_not_taken_in(store, spoil, error, says):
    account = prepaid()
    spoil(account)
    with pytest.raises(error, match=says):
        store.add(account)
    assert store.names == ()
    assert store.verify() == []


def test_balances_thrown_away_are_worked_out_anew(store, noor):
    session = Session()
    noor.reserve(5 * MB, session, at=NINE)
    before = {name: store.table(name) for name in TABLES[1:]}
    store.clear_balances("Noor")
    assert [len(store.table(name)) for name in TABLES] == [1, len(noor_entries := before["ledger"]), 0, 0, 0]
    assert store.verify() == ["Noor: there is no balance; `Store.rebuild` works it out anew from the ledger"]
    with pytest.raises(StoreError, match="there is no balance"):
        _ = noor.credit
    store.rebuild("Noor")
    assert store.table("ledger").equals(noor_entries)
    assert all(store.table(name).equals(before[name]) for name in TABLES[1:])
    assert noor.credit == 15 * QAR
    noor.release(session, at=NINE)
    assert store.verify() == []
    with pytest.raises(InputError, match="one of Noor"):
        store.rebuild("Sami")
    with store.transaction():
        noor.top_up(QAR, at=NINE)
        with pytest.raises(StoreError, match="while a transaction changes Noor"):
            store.clear_balances("Noor")
        noor.adjust(-QAR, at=NINE, note="taken back")
    assert noor.credit == 15 * QAR


# ---------------------------------------------------------------- frames


def test_tables_are_told_as_they_stand(store, noor):
    accounts, balances, buckets = (store.table(name) for name in ("accounts", "balances", "buckets"))
    assert accounts["name"].tolist() == ["Noor"]
    assert len(accounts["head"][0]) == 64
    assert balances[["balance", "status"]].to_numpy().tolist() == [[15 * QAR, "active"]]
    assert buckets[["id", "name", "left"]].to_numpy().tolist() == [[4, "1 GB week", 700 * MB]]
    assert len(store.table("ledger")) == 5
    with pytest.raises(InputError, match="one of accounts, ledger"):
        store.table("sqlite_schema")


def test_a_ledger_by_sql_is_the_ledger_in_memory(store, noor):
    noor.top_up(QAR, at=NINE + timedelta(microseconds=5), key="k")
    assert store.ledger("Noor").equals(noor.ledger.to_frame())
    assert (store.ledger("Noor").dtypes == noor.ledger.to_frame().dtypes).all()
    nobody = store.add(prepaid("Sami", lifecycle=Lifecycle()))
    assert list(store.ledger("Sami").columns) == list(nobody.ledger.to_frame().columns)
    with pytest.raises(InputError, match="one of Noor, Sami"):
        store.ledger("Mona")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM balances",
        "UPDATE ledger SET money = 0",
        "CREATE TABLE mine (a)",
        "DROP TABLE ledger",
        "PRAGMA writable_schema = ON",
        "ATTACH ':memory:' AS other",
        "BEGIN IMMEDIATE",
        "INSERT INTO balances VALUES (1, 2, 'active', '{}')",
    ],
)
def test_a_query_can_do_nothing_but_read(store, noor, query):
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="lets a query do nothing but read"):
        store.sql(query)
    assert store.path.read_bytes() == before


def test_a_query_reads_and_says_what_is_wrong_with_it(store, noor):
    found = store.sql("SELECT kind, sum(quantity) AS bytes FROM ledger WHERE kind = ? GROUP BY kind", "usage")
    assert found.to_dict("records") == [{"kind": "usage", "bytes": 300 * MB}]
    assert list(store.sql("SELECT id, left FROM buckets WHERE id > 99")) == ["id", "left"]
    with pytest.raises(StoreError, match="no such table: purse"):
        store.sql("SELECT * FROM purse")
