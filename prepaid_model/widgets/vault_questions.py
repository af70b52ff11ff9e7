"""What the lesson "Where does my balance live?" asks: predictions, tasks and checked questions.

They stand here and not in the lesson, so that nobody reads the answer above the question. Every right
answer is worked out by the model.
"""

from typing import Any

from prepaid_model.interleaving import Played, play
from prepaid_model.units import GB, MB, QAR, format_money
from prepaid_model.vault import Step, Vault, View
from prepaid_model.widgets.balance_vault import BEGUN, STATEMENTS
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.lost_update import START
from prepaid_model.widgets.prediction import Prediction

A, B = 5 * QAR, 8 * QAR


def data_after_a_loss(guess: Any = None) -> Prediction:
    """Ask for the data after phone and SIM are lost."""
    return Prediction(
        "You lose phone and SIM, and get a new one of each. How many of your 700 MB are there?",
        _data(Step("new phone"), Step("new SIM")),
        "Both are numbers on your account, in the operator's file. The new SIM says who you are, as the old one did.",
        high=1000,
        step=10,
        unit="MB",
        guess=guess,
    )


def balance_of_two(guess: Any = None) -> Prediction:
    """Ask for the balance after two deductions that both read first."""
    return Prediction(
        "Both have read 20 riyals. Now A writes, then B writes. What does the file say, in riyals?",
        _both("ABAB").balance // QAR,
        lambda *_: (
            "B writes what it had read, less its own 8 riyals. What A wrote in between is gone: "
            f"{format_money(_both('ABAB').lost)} were used and never paid for."
        ),
        high=20,
        unit="QAR",
        guess=guess,
    )


def data_after_a_cut(guess: Any = None) -> Prediction:
    """Ask for the data after a write that was cut off halfway."""
    return Prediction(
        f"300 MB of 1 GB are being used. The program is stopped after statement 3 of {STATEMENTS}. How much is left?",
        _data(Step("use", 300 * MB, cut=3), begun=BEGUN[:2]),
        "Without COMMIT nothing counts. Who opens the file next finds it as it was before: all or nothing.",
        high=1000,
        step=10,
        unit="MB",
        guess=guess,
    )


def money_of_three() -> Checkpoint:
    """Ask for what an order of reads and writes loses: the tweak."""
    return Checkpoint(
        "A takes 5 riyals and B takes 8 from 20. Both read, then B writes, then A writes. How many riyals are lost?",
        _both("ABBA").lost // QAR,
        "A wrote last, so what B had written is gone: its 8 riyals were used and never paid for.",
        hints={5: "That is what is lost when B writes last.", 13: "One of the two was paid."},
        hint="In the experiment: Both have read, then B, then A.",
        unit="QAR",
    )


def orders_that_lose() -> Checkpoint:
    """Ask in how many orders money is lost: the twiddle."""
    orders = ("AABB", "ABAB", "ABBA", "BBAA", "BABA", "BAAB")
    return Checkpoint(
        "Two reads and two writes can come in six orders. In how many of them is money lost?",
        sum(_both(order).lost > 0 for order in orders),
        "In all but two: only when one is done before the other begins is nothing lost.",
        hints={6: "Try one after the other.", 3: "B may begin as well as A."},
        hint="Write them down: AABB, ABAB, ABBA, and the same with A and B exchanged.",
    )


def where_it_is() -> Checkpoint:
    """Ask where the balance is."""
    options = ("on the SIM", "in the phone", "in the app", "in the operator's database")
    unmoved = _after(Step("new phone"), Step("new SIM")).tables == _after().tables
    return Checkpoint(
        "The app shows 700 MB, and the phone has no network. Where are the 700 MB?",
        options[-1] if unmoved else options[0],
        "The app shows what it was told last. Without network it may be old; the number itself is in the database.",
        options=options,
        hints={"in the app": "What does the app show after somebody else has used your data?"},
        hint="In the experiment, take another SIM and another phone.",
    )


def entries_after_a_rebuild() -> Checkpoint:
    """Ask how many entries a rebuild writes."""
    rebuilt = _after(Step("delete"), Step("rebuild"))
    return Checkpoint(
        "Balances are deleted, then rebuilt. How many entries does that add to the ledger?",
        rebuilt.written,
        "None. The entries are what happened, and nothing happened: the balances are only their sum.",
        hints={len(rebuilt.tables["ledger"]): "So many were added up. How many are new?"},
        hint="Count the entries in the experiment before and after.",
    )


def data_after_commit() -> Checkpoint:
    """Ask for the data after a stop just behind COMMIT."""
    return Checkpoint(
        f"300 MB of 1 GB are used. The program is stopped right after statement {STATEMENTS}, COMMIT. What is left?",
        _data(Step("use", 300 * MB, cut=STATEMENTS), begun=BEGUN[:2]),
        "After COMMIT the transaction is in the file for good, whatever happens to the program.",
        hints={GB // MB: "That is so before COMMIT."},
        hint="In the experiment, set the slider to 5 and press the button beside it.",
        unit="MB",
    )


def same_voucher_after_a_crash() -> Checkpoint:
    """Ask what a repeated request with a key does after a crash."""
    vault = Vault()
    account = vault.store.prepaid("you")
    for _ in range(2):
        account.top_up(25 * QAR, at=account.now, key="voucher 1")
    credit = account.credit
    vault.close()
    return Checkpoint(
        "The shop sends a voucher of 25 riyals. Your account's system crashes after COMMIT, before it has answered. "
        "The shop sends it again, with the same key. Your credit, in riyals?",
        credit // QAR,
        "The key is in the ledger, and the file takes it once only: the same answer again, the money once.",
        hints={50: "What does the key tell the second time?", 0: "It was after COMMIT."},
        unit="QAR",
    )


def _after(*steps: Step, begun: tuple[Step, ...] = BEGUN) -> View:
    vault = Vault()
    for step in (*begun, *steps):
        vault.take(step)
    view = vault.view
    vault.close()
    return view


def _data(*steps: Step, begun: tuple[Step, ...] = BEGUN) -> int:
    """Whole megabytes that are left after them."""
    return (_after(*steps, begun=begun).data or 0) // MB


def _both(order: str) -> Played:
    return play(order, start=START, a=A, b=B)
