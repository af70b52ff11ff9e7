"""An invoice says line by line what its total is made of."""

from datetime import timedelta

from prepaid_model.invoices import invoices
from prepaid_model.offers import Bundle, Plan
from prepaid_model.postpaid import PostpaidAccount
from prepaid_model.rating import HourPrice, Tariff, Tier
from prepaid_model.units import GB, KB, MB, QAR, parse_moment

NEW_YEAR = parse_moment("2026-01-01")
FEBRUARY = parse_moment("2026-02-01")
MARCH = parse_moment("2026-03-01")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TIERED = Tariff(price=15_000, tiers=(Tier(100 * MB, 10_000), Tier(300 * MB, 5_000)))


def lines(account, number=-1):
    return [(line.text, line.money) for line in invoices(account.ledger)[number].lines]


def test_a_full_month_line_by_line():
    account = PostpaidAccount(Plan("Plus", 90 * QAR, GB, TIERED, 400 * QAR), opened=parse_moment("2026-01-10 12:00"))
    account.use(709_677_419, at=account.now)  # the allowance for 22 of 31 days
    account.use(350 * MB, at=account.now + DAY)
    account.buy(Bundle("Weekend", 12 * QAR, GB, 2 * DAY), at=account.now)
    account.advance(FEBRUARY)
    (invoice,) = invoices(account.ledger)
    assert [tuple(line) for line in invoice.lines] == [
        ("Plus, 10 Jan to 31 Jan, 22 of 31 days", 0, 63_870_000),
        ("Overage, 100 MB at QAR 0.015 per 1 MB", 100 * MB, 1_500_000),
        ("Overage, 200 MB at QAR 0.01 per 1 MB", 200 * MB, 2_000_000),
        ("Overage, 50 MB at QAR 0.005 per 1 MB", 50 * MB, 250_000),
        ("Weekend", 0, 12 * QAR),
        ("Plus, 1 Feb to 28 Feb", 0, 90 * QAR),
    ]
    assert invoice.total == 169_620_000
    assert (invoice.number, invoice.at, invoice.due) == (1, FEBRUARY, FEBRUARY + 14 * DAY)
    frame = invoice.to_frame()
    assert list(frame.columns) == ["text", "volume", "money"]
    assert frame["money"].sum() == invoice.total


def test_a_change_of_plan_shows_both_plans_and_the_days_given_back():
    account = PostpaidAccount(Plan("Basic", 35 * QAR, 0, Tariff(price=20_000), 100 * QAR), opened=NEW_YEAR)
    account.use(5 * MB, at=NEW_YEAR)
    account.change_plan(Plan("Plus", 90 * QAR, 0, TIERED, 400 * QAR), at=parse_moment("2026-01-16"))
    account.use(7 * MB, at=account.now)
    account.advance(FEBRUARY)
    assert lines(account) == [
        ("Basic, 1 Jan to 31 Jan", 35 * QAR),
        ("Overage, 5 MB at QAR 0.02 per 1 MB", 100_000),
        ("Basic, 16 of 31 days given back", -18_060_000),
        ("Plus, 16 Jan to 31 Jan, 16 of 31 days", 46_450_000),
        ("Overage, 7 MB at QAR 0.015 per 1 MB", 105_000),
        ("Plus, 1 Feb to 28 Feb", 90 * QAR),
        ("Rounding to whole dirham", 5_000),
    ]


def test_an_add_on_with_a_price_of_its_own_has_a_line_for_its_use():
    cheap = Bundle("Cheap", QAR, GB, 30 * DAY, tariff=Tariff(price=2_000, increment=MB, session_fee=50_000))
    account = PostpaidAccount(Plan("Bare", 0, 0, Tariff(price=20_000), 100 * QAR), opened=NEW_YEAR)
    account.buy(cheap, at=NEW_YEAR)
    account.use(100 * MB, at=NEW_YEAR)
    account.use(950 * MB, at=NEW_YEAR + DAY)
    account.advance(FEBRUARY)
    assert ("Overage, 50 MB at QAR 0.02 per 1 MB", QAR) in lines(account)
    assert lines(account)[-1] == ("Use of Cheap", 2_100_000)  # 1000 at 0.002, and two sessions at 0.05
    assert invoices(account.ledger)[0].lines[-1].volume == GB


def test_what_is_no_price_by_volume_has_a_line_too():
    tariff = Tariff(price=20_000, session_fee=30_000, round_to=50_000)
    account = PostpaidAccount(Plan("Bare", 0, 0, tariff, 100 * QAR), opened=NEW_YEAR)
    account.use(3 * MB, at=NEW_YEAR)  # 0.06 and 0.03, rounded up to 0.10
    account.advance(FEBRUARY)
    assert lines(account)[1:3] == [
        ("Overage, 3 MB at QAR 0.02 per 1 MB", 60_000),
        ("Overage, fee for a session, rounding and cap", 40_000),
    ]


def test_prices_by_the_hour_are_one_line():
    tariff = Tariff(price=20_000, hours=(HourPrice(0, 6, 5_000),))
    account = PostpaidAccount(Plan("Night", 0, 0, tariff, 100 * QAR), opened=NEW_YEAR)
    account.use(3 * MB, at=NEW_YEAR + HOUR)
    account.use(3 * MB, at=NEW_YEAR + 12 * HOUR)
    account.advance(FEBRUARY)
    assert lines(account)[1] == ("Overage, priced by the hour", 75_000)


def test_the_last_tiers_price_is_a_correction_of_what_was_metered():
    account = PostpaidAccount(Plan("Top", 0, 0, TIERED, 400 * QAR, top_tier=True), opened=NEW_YEAR)
    account.use(310 * MB, at=NEW_YEAR)
    account.advance(FEBRUARY)
    assert [money for _, money in lines(account)[1:5]] == [1_500_000, 2 * QAR, 50_000, -2 * QAR]
    assert lines(account)[4][0] == "Overage, all of it at QAR 0.005 per 1 MB"


def test_a_refund_is_netted_before_the_invoice_and_a_line_after_it():
    account = PostpaidAccount(Plan("Bare", 0, 0, Tariff(price=20_000), 100 * QAR), opened=NEW_YEAR)
    usage = account.use(10 * MB, at=NEW_YEAR)
    account.refund(usage.operation, 2 * MB, at=NEW_YEAR)
    account.advance(FEBRUARY)
    assert lines(account)[1] == ("Overage, 8 MB at QAR 0.02 per 1 MB", 160_000)
    account.refund(usage.operation, 500 * KB, at=FEBRUARY)  # 7.5 MB cost as much as 8
    account.refund(usage.operation, 500 * KB, at=FEBRUARY)
    account.advance(MARCH)
    assert lines(account) == [
        ("Given back: 500 KB of overage, 1 Jan", -20_000),
        ("Bare, 1 Mar to 31 Mar", 0),
    ]


def test_an_invoice_may_give_back():
    account = PostpaidAccount(Plan("Basic", 35 * QAR, GB, Tariff(price=20_000), 100 * QAR), opened=NEW_YEAR)
    account.advance(FEBRUARY)
    account.cancel(at=FEBRUARY + DAY)
    assert lines(account) == [("Basic, 27 of 28 days given back", -33_750_000)]
    assert invoices(account.ledger)[-1].total == -33_750_000


def test_an_account_without_invoices_has_none():
    account = PostpaidAccount(Plan("Basic", 35 * QAR, GB, Tariff(price=20_000), 100 * QAR), opened=NEW_YEAR)
    assert invoices(account.ledger) == ()
