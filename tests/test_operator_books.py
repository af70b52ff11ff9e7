"""The books on show: each button does what it says, each scenario makes its point, both sides are one length."""

from itertools import pairwise

import pytest

from prepaid_model.bookkeeping import CREDITS, DEBITS, Bill, Book, Buy, Expire, NeverPay, Sign, TopUp, Use, Wait
from prepaid_model.errors import InputError, Refused
from prepaid_model.figures.operator_books import COLUMNS, name_of
from prepaid_model.units import MB, QAR, format_money
from prepaid_model.widgets.operator_books import MONTH, MOST_LINES, OperatorBooks


@pytest.fixture
def books():
    """The books before anything has happened."""
    opened = OperatorBooks()
    opened.choose("Empty books")
    return opened


@pytest.fixture(scope="module")
def told():
    """Each scenario's balances, by its name."""
    books = OperatorBooks()
    balances = {}
    for name in books.scenarios:
        books.choose(name)
        balances[name] = books.result.books.balances
        assert books.result.books.trial_balance == 0
    return balances


def press(books: OperatorBooks, *names: str) -> str:
    for name in names:
        books.step_buttons[name].click()
    return books.sentence


def heights(books: OperatorBooks, column: int) -> dict[Book, float]:
    parts = books.picture.parts[column]
    return {book: part.get_height() for book, part in parts.items() if part.get_visible()}


# ------------------------------------------------------------------------------- what the scenarios are there for


def test_the_till_is_as_full_whether_the_data_is_used_or_not_but_the_income_differs(told):
    used, unused = told["A prepaid month"], told["Bought, and never used"]
    assert used[Book.CASH] == unused[Book.CASH] == 25 * QAR
    assert -used[Book.REVENUE] > unused[Book.REVENUE] == 0
    assert -unused[Book.BREAKAGE] > -used[Book.BREAKAGE] > 0


def test_the_same_bytes_earn_more_without_a_bundle(told):
    assert -told["Pay as you go"][Book.REVENUE] > -told["A prepaid month"][Book.REVENUE]


def test_a_bill_is_income_before_it_is_cash_and_may_never_be(told):
    paid, unpaid = told["A postpaid month, paid"], told["A bill nobody pays"]
    assert paid[Book.CASH] > 0 == unpaid[Book.CASH]
    assert unpaid[Book.BAD_DEBT] == -unpaid[Book.REVENUE] > 0


# ------------------------------------------------------------------------------------------------ the controls


def test_one_entry_at_first_then_the_same_as_double_entry(books):
    single = press(books, "top_up")
    assert single.endswith("In the till: QAR 25.00. Whose money is it? One entry does not tell.")
    assert heights(books, 0) == {Book.CASH: 25}
    assert "debit" not in books.panels(books.result)["books"]
    books.controls["double"].value = True
    assert "unearned revenue +QAR 25.00" in books.sentence
    assert heights(books, 0) == {Book.CASH: 25, Book.UNEARNED: -25}
    assert "debit, QAR" in books.panels(books.result)["books"]


def test_each_button_takes_its_step(books):
    books.controls["amount"].value = "50"
    books.controls["bundle"].value = "week_3gb"
    books.controls["volume"].value = 500
    press(books, "top_up", "buy", "use", "week", "sign")
    books.controls["who"].value = True
    press(books, "use", "expire", "bill", "never")
    assert books.state["actions"] == (
        TopUp(50 * QAR),
        Buy("week_3gb"),
        Use(500 * MB),
        Wait(7),
        Sign(),
        Use(500 * MB, postpaid=True),
        Expire(),
        Bill(),
        NeverPay(),
    )
    books.back_button.click()
    assert books.state["actions"][-1] == Bill()
    assert "The bill is paid: cash +" in press(books, "pay")


def test_back_takes_nothing_from_nothing(books):
    books.back_button.click()
    assert books.state["actions"] == ()


@pytest.mark.parametrize(
    ("name", "why"), [("pay", "no contract yet"), ("expire", "nothing left"), ("buy", "too little")]
)
def test_what_is_refused_is_said_and_changes_nothing(books, name, why):
    before = books.sentence
    books.step_buttons[name].click()
    assert why in books.status.value
    assert "Nothing has been changed" in books.status.value
    assert (books.sentence, books.state["actions"]) == (before, ())


@pytest.mark.parametrize(
    ("typed", "error"), [("much", InputError), ("-5", InputError), ("2000", InputError), ("1", Refused)]
)
def test_an_amount_that_cannot_be_changes_nothing(books, typed, error):
    with pytest.raises(error):
        books.take(TopUp(1 if error is Refused else 0))
    books.controls["amount"].value = typed
    books.step_buttons["top_up"].click()
    assert "pm-problem" in books.status.value
    assert books.state["actions"] == ()


def test_reset_goes_back_to_the_start_of_the_scenario(books):
    books.choose("A prepaid month")
    press(books, "top_up")
    books.controls["double"].value = False
    books.reset_button.click()
    assert books.state["actions"] == MONTH
    assert books.controls["double"].value


# ------------------------------------------------------------------------------------------------- the picture


def test_both_sides_of_each_column_are_of_one_length(books):
    for name in books.scenarios:
        books.choose(name)
        books.controls["double"].value = True
        for column, turn in enumerate(books.result.books.turns[-COLUMNS:]):
            shown = heights(books, column)
            up = sum(shown.get(book, 0) for book in DEBITS)
            assert up == pytest.approx(-sum(shown.get(book, 0) for book in CREDITS))
            assert up == pytest.approx(sum(turn.balances[book] for book in DEBITS) / QAR)


def test_only_the_latest_steps_are_shown_the_last_one_on_a_ground_of_its_own(books):
    books.take(TopUp(25 * QAR), Buy("week_1gb"), *(Use(50 * MB) for _ in range(8)))
    feet = [first.get_text() for first, _ in books.picture.feet]
    assert feet == ["use"] * COLUMNS
    assert books.picture.ground.get_x() == COLUMNS - 1
    books.reset()
    assert [first.get_text() for first, _ in books.picture.feet] == [""] * COLUMNS


def test_amounts_stand_beside_the_latest_column_and_apart(books):
    books.choose("A prepaid month")
    shown = {book: lines[0].get_position() for book, lines in books.picture.words.items() if lines[0].get_text()}
    assert set(shown) == {Book.CASH, Book.UNEARNED, Book.REVENUE, Book.BREAKAGE}
    assert [x for x, _ in shown.values()] == pytest.approx([4.92] * 4)
    heights = sorted(y for _, y in shown.values())
    room = books.picture.axes.get_ylim()[1]
    assert all(high - low >= 0.12 * 2 * room for low, high in pairwise(heights))


def test_the_axis_has_room_for_all_there_is(books):
    for amount in (25, 100, 1000):
        books.take(TopUp(amount * QAR))
        top = books.picture.axes.get_ylim()[1]
        assert top > books.result.books.balances[Book.CASH] / QAR


def test_the_last_lines_of_a_long_story_are_shown_and_all_are_summed(books):
    books.choose("A bill nobody pays")
    lines = books.result.books.turns[-1].lines
    journal = books.panels(books.result)["books"].split("The trial balance")[0]
    assert f"the first {len(lines) - MOST_LINES} lines" in journal
    assert journal.count("<tr") == MOST_LINES + 3  # and the head, the first lines, the sum
    total = format_money(sum(line.debit for line in lines)).removeprefix("QAR ")
    assert journal.count(f">{total}<") == 2


@pytest.mark.parametrize(
    ("step", "name"), [(Sign(), "contract"), (Bill(), "bill"), (NeverPay(), "written off"), (Wait(3), "time passes")]
)
def test_a_step_has_a_name_under_its_column(step, name):
    assert name_of(step) == name


def test_without_a_kernel_there_is_one_entry_and_no_answer(books):
    before = books.static()
    press(books, "top_up")
    assert books.static() == before == OperatorBooks().static()
    assert "QAR 25.00" in before["text/plain"]
    assert "earned" not in before["text/plain"]
