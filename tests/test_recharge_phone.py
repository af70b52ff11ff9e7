"""The phone: what its buttons do, what its scenarios show, what it refuses."""

import re

import pytest

from prepaid_model.balances import Status
from prepaid_model.errors import InputError, Refused
from prepaid_model.figures.phone import COLUMNS, Curves
from prepaid_model.ledger import Kind
from prepaid_model.phone import (
    LARGEST_TOP_UP,
    OPENED,
    Buy,
    Do,
    NextDay,
    PayAsYouGo,
    SameVoucher,
    TopUp,
    replay,
)
from prepaid_model.units import GB, MB, QAR
from prepaid_model.widgets.recharge_phone import BEATS, FILM, RechargePhone, RechargeStory

BUNDLE, AS_YOU_GO = "25 minutes of video, by bundle", "25 minutes of video, pay as you go"
FIRST_RECHARGE = (TopUp(25 * QAR), Buy("week_1gb"), Do("video_sd", 10))


@pytest.fixture
def phone():
    return RechargePhone()


def scene(name):
    phone = RechargePhone()
    phone.choose(name)
    return phone.result


def shown(phone):
    """Everything on the page: what an action that fails may not change."""
    parts = {name: part.value for name, part in phone._shown.items()}
    return parts, phone.state, len(phone.result.account.ledger)


def text(markup):
    return re.sub(r"<[^>]+>", " ", markup)


# What a recharge is: F1 to F5


def test_without_an_entitlement_no_byte_flows():
    account = replay((Do("web", 10),)).account
    assert account.ledger.totals("quantity").keys() == {Kind.DENIED}
    assert account.status is Status.SUSPENDED
    topped_up = replay((TopUp(25 * QAR), Do("web", 10)))
    assert topped_up.turns[-1].total(Kind.USAGE, column="quantity") == 0  # credit alone, and no consent to use it
    converted = replay((TopUp(25 * QAR), Buy("week_1gb"), Do("web", 10)))
    assert converted.turns[-1].total(Kind.USAGE, column="quantity") == converted.turns[-1].wanted > 0


def test_what_was_bought_in_advance_is_taken_as_it_is_used():
    story = replay((*FIRST_RECHARGE, Do("music", 60)))
    used = [turn.wanted for turn in story.turns[2:]]
    assert [turn.data for turn in story.turns] == [0, GB, GB - used[0], GB - sum(used)]
    assert {turn.credit for turn in story.turns[1:]} == {15 * QAR}
    story.account.check()


def test_the_same_voucher_is_credited_once():
    story = scene("The same voucher twice")
    assert story.account.credit == 25 * QAR
    assert story.turns[-1].entries == ()
    both = replay((TopUp(25 * QAR), TopUp(25 * QAR)))
    assert both.account.credit == 50 * QAR  # another voucher is credited


def test_the_voucher_sent_again_is_the_latest():
    story = replay((TopUp(25 * QAR), TopUp(10 * QAR), SameVoucher(), TopUp(5 * QAR, "app"), SameVoucher()))
    assert story.account.credit == 40 * QAR
    assert sorted(story.account.ledger.keys) == ["app payment 0001", "voucher 0001", "voucher 0002"]


def test_conversion_moves_money_out_and_bytes_in():
    turn = replay(FIRST_RECHARGE[:2]).turns[-1]
    assert (turn.total(Kind.BUNDLE), turn.total(Kind.GRANT, column="volume")) == (-10 * QAR, GB)
    assert {entry.operation for entry in turn.entries if entry.kind in (Kind.BUNDLE, Kind.GRANT)} == {
        turn.entries[0].id
    }


def test_a_bundle_is_cheaper_by_the_megabyte_than_paying_as_you_go():
    by_bundle, as_you_go = scene(BUNDLE), scene(AS_YOU_GO)
    wanted = by_bundle.turns[-1].wanted
    assert wanted == as_you_go.turns[-1].wanted == pytest.approx(300 * MB, rel=0.003)
    paid = -as_you_go.turns[-1].total(Kind.USAGE)
    share_of_bundle = 10 * QAR * wanted // GB
    assert paid > 4 * share_of_bundle
    assert by_bundle.account.credit > as_you_go.account.credit
    assert by_bundle.account.data_left > 2 * wanted > as_you_go.account.data_left == 0


def test_pay_as_you_go_charges_the_last_started_megabyte_whole():
    paid, wanted = -scene(AS_YOU_GO).turns[-1].total(Kind.USAGE), FILM_BYTES
    assert wanted % MB
    assert paid == (wanted // MB + 1) * QAR // 20


FILM_BYTES = replay((FILM,)).turns[0].wanted


# Scenarios and the rest of the model behind the phone


def test_the_opening_shows_a_phone_that_cannot_do_anything(phone):
    assert phone.sentence == "The phone is new: no credit and no data, so no byte can flow."
    assert "Suspended" in text(phone._shown["phone"].value)
    assert "Nothing yet" in phone._shown["ledger"].value


def test_used_up_stops_service_with_bytes_refused():
    story = scene("Used up")
    assert (story.account.status, story.account.data_left) == (Status.SUSPENDED, 0)
    assert story.turns[-1].total(Kind.DENIED, column="quantity") > GB
    assert [alert.text for alert in story.warnings(story.turns[-1])][-1] == "You have used all of 1 GB · 7 days."


def test_time_passes_by_what_is_done():
    story = replay((*FIRST_RECHARGE, NextDay(), NextDay()))
    assert [f"{turn.end:%d %H:%M}" for turn in story.turns] == [
        "01 09:01",
        "01 09:02",
        "01 09:12",
        "02 09:00",
        "03 09:00",
    ]
    assert all(a.end == b.start for a, b in zip(story.turns, story.turns[1:], strict=False))
    assert story.turns[0].start == OPENED


def test_a_bundle_expires_overnight_when_its_time_is_over():
    story = replay((TopUp(25 * QAR), Buy("day_500mb"), NextDay(), NextDay()))
    assert [turn.total(Kind.EXPIRED, column="volume") for turn in story.turns[2:]] == [0, -500 * MB]


def test_a_film_past_midnight_can_be_followed_by_the_next_day():
    story = replay((Do("idle", 16 * 60), NextDay()))
    assert f"{story.turns[-1].end:%d %H:%M}" == "03 09:00"


def test_the_same_steps_give_the_same_story():
    one, other = replay(FIRST_RECHARGE), replay(FIRST_RECHARGE)
    assert list(one.account.ledger) == list(other.account.ledger)


def test_every_warning_belongs_to_one_turn():
    story = replay(
        (TopUp(10 * QAR), *(NextDay() for _ in range(14)), TopUp(10 * QAR), Buy("week_1gb"), Do("video_hd", 45))
    )
    told = [alert for turn in story.turns for alert in story.warnings(turn)]
    assert tuple(told) == story.alerts
    assert any(alert.text.startswith("Your credit is valid until") for alert in told)


@pytest.mark.parametrize(
    ("step", "error", "words"),
    [
        (TopUp(-5 * QAR), InputError, "top-up amount: got '-QAR 5.00'"),
        (TopUp(0), InputError, "more than zero"),
        (TopUp(LARGEST_TOP_UP + 1), InputError, "at most QAR 1,000.00"),
        (TopUp(QAR), Refused, "the smallest top-up is QAR 5.00"),
        (TopUp(25 * QAR, "cheque"), InputError, "channel: got 'cheque', expected one of voucher, app"),
        (Buy("week_1gb"), Refused, "buy 1 GB · 7 days: refused"),
        (Buy("moon"), InputError, "bundle: got 'moon'"),
        (Do("swim", 10), InputError, "activity: got 'swim'"),
        (Do("web", 0), InputError, "minutes: got 0"),
        (SameVoucher(), Refused, "no voucher has been used yet"),
    ],
)
def test_a_step_that_cannot_be_taken_says_why(step, error, words):
    with pytest.raises(error, match=re.escape(words)):
        replay((step,))


# The widget


def test_buttons_take_the_steps_that_the_controls_describe(phone):
    phone.controls["channel"].value = "app"
    phone.top_up_button.click()
    phone.buy_button.click()
    phone.controls["minutes"].value = 45
    phone.controls["activity"].value = "music"
    phone.go_button.click()
    phone.next_day_button.click()
    assert phone.state["actions"] == (TopUp(25 * QAR, "app"), Buy("week_1gb"), Do("music", 45), NextDay())


def test_setting_a_control_alone_changes_nothing(phone):
    before = shown(phone)
    phone.controls["top_up"].value = "abc"
    phone.controls["bundle"].value = "month_5gb"
    assert shown(phone) == before


def test_back_undoes_step_by_step(phone):
    phone.take(*FIRST_RECHARGE)
    sentences = [phone.sentence]
    for _ in range(4):
        phone.back_button.click()
        sentences.append(phone.sentence)
    assert phone.state["actions"] == ()
    assert sentences[-1] == sentences[-2] == RechargePhone().sentence
    assert len(set(sentences)) == 4


def test_reset_goes_back_to_the_opening(phone):
    opening = shown(phone)
    phone.take(*FIRST_RECHARGE)
    phone.controls["pay_as_you_go"].value = True
    assert shown(phone) != opening
    phone.reset_button.click()
    assert shown(phone) == opening


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("-5", "top-up amount: got '-5', expected riyals such as 25 or 12.50"),
        ("−5", "expected riyals such as 25 or 12.50"),
        ("abc", "top-up amount: got 'abc', expected riyals"),
        ("", "expected riyals such as 25"),
        ("0", "more than zero"),
        ("1", "the smallest top-up is QAR 5.00"),
        ("99999999999999999999", "at most QAR 1,000.00"),
        ("<b>25</b>", "got '&lt;b&gt;25&lt;/b&gt;'"),
    ],
)
def test_an_amount_that_cannot_be_is_told_and_changes_nothing(phone, caplog, typed, words):
    phone.take(*FIRST_RECHARGE)
    before = shown(phone)
    phone.controls["top_up"].value = typed
    phone.top_up_button.click()  # outside a kernel ipywidgets logs what a callback raises
    assert issubclass(caplog.records[-1].exc_info[0], InputError | Refused)
    assert words in phone.status.value.replace("&#x27;", "'")
    assert "Nothing has been changed" in phone.status.value
    assert shown(phone) == before


def test_a_bundle_dearer_than_the_credit_is_refused_and_changes_nothing(phone, caplog):
    phone.take(*FIRST_RECHARGE)
    before = shown(phone)
    phone.controls["bundle"].value = "month_12gb"
    phone.buy_button.click()
    assert caplog.records[-1].exc_info[0] is Refused
    assert "the credit is QAR 15.00, QAR 60.00 too little" in phone.status.value
    assert shown(phone) == before
    phone.controls["bundle"].value = "week_1gb"
    phone.buy_button.click()
    assert phone.status.value == ""


def test_the_switch_acts_at_once_and_later_steps_remember_it(phone):
    phone.take(TopUp(25 * QAR))
    assert phone.result.account.status is Status.SUSPENDED
    phone.controls["pay_as_you_go"].value = True
    assert phone.result.account.status is Status.ACTIVE
    assert "Pay-as-you-go is on" in phone.sentence
    phone.take(Do("web", 10))
    phone.controls["pay_as_you_go"].value = False
    phone.take(Do("web", 10))
    first, second = [turn for turn in phone.result.turns if turn.wanted]
    assert first.total(Kind.DENIED, column="quantity") == 0 < -first.total(Kind.USAGE)
    assert second.total(Kind.DENIED, column="quantity") == second.wanted
    switches = [step for step in phone.state["actions"] if isinstance(step, PayAsYouGo)]
    assert switches == [PayAsYouGo(True), PayAsYouGo(False)]


def test_the_sentence_says_what_paid(phone):
    phone.take(*FIRST_RECHARGE)
    assert "120.27 MB: all of it out of your data, nothing out of your credit" in phone.sentence
    assert "Without a bundle it would have cost QAR 6.05" in phone.sentence
    phone.controls["pay_as_you_go"].value = True
    phone.take(Do("video_hd", 45))
    assert "879.72 MB out of your data, QAR 15.00 out of your credit" in phone.sentence
    assert "refused" in phone.sentence
    assert phone.sentence.endswith("Your account is suspended.")


def test_the_phone_lights_up_what_changed(phone):
    phone.take(TopUp(25 * QAR))
    assert 'pm-money pm-new">QAR 25.00' in phone._shown["phone"].value
    assert 'pm-data">0 MB' in phone._shown["phone"].value
    phone.take(Buy("week_1gb"), Do("video_sd", 10))
    assert 'pm-money">QAR 15.00' in phone._shown["phone"].value
    assert 'pm-data pm-new">879.72 MB' in phone._shown["phone"].value


def test_the_newest_entries_are_highlighted_and_the_sums_are_right(phone):
    phone.take(*FIRST_RECHARGE)
    table = phone._shown["ledger"].value
    rows = re.findall(r'<tr class="([^"]*)">(.*?)</tr>', table)[1:]
    assert [bool(new) for new, _ in rows] == [False] * (len(rows) - 1) + [True]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for _, row in rows]
    assert cells[0] == ["Thu 1 Jan, 09:01", "top up, voucher", "+25.00", "", "25.00", "0 MB"]
    assert cells[-1] == ["Thu 1 Jan, 09:12", "usage, Video (SD), from data", "", "−120.27 MB", "15.00", "879.72 MB"]
    assert ["bundle, 1 GB · 7 days", "−10.00"] in [row[1:3] for row in cells]


def test_messages_come_newest_first(phone):
    phone.take(*FIRST_RECHARGE, Do("video_hd", 5))
    assert [*re.findall(r"<li[^>]*>(.*?)</li>", phone._shown["phone"].value)] == [
        "Bought 1 GB · 7 days for QAR 10.00.",
        "Topped up QAR 25.00. Thank you.",
    ]
    phone.take(Do("video_hd", 10))
    first = re.findall(r"<li[^>]*>(.*?)</li>", phone._shown["phone"].value)[0]
    assert first == "<b>Alert</b> You have used 80 % of 1 GB · 7 days."


def test_several_steps_are_taken_together_or_not_at_all(phone):
    before = shown(phone)
    with pytest.raises(Refused):
        phone.take(TopUp(5 * QAR), Buy("week_1gb"))
    assert shown(phone) == before


# The picture


def test_the_curves_end_at_the_balances():
    story = replay((*FIRST_RECHARGE, PayAsYouGo(True), Do("video_hd", 45), TopUp(5 * QAR, "app")))
    curves = Curves(story)
    assert curves.credit[-1] == (5, story.account.credit / QAR)
    assert curves.data[-1][1] == pytest.approx(story.account.data_left / MB)
    assert [x for x, _ in curves.credit] == sorted(x for x, _ in curves.credit)
    assert [words for *_, words in curves.top_ups] == ["+25", "+5"]
    assert [words for *_, words in curves.bundles] == ["+1,000"]


def test_time_without_service_is_marked_from_and_until_the_entries_that_say_so():
    story = replay((*FIRST_RECHARGE, PayAsYouGo(True), Do("video_hd", 45), TopUp(5 * QAR, "app")))
    (start, bought), (empty, again) = Curves(story).off
    assert (start, bought, again) == (0, 1.5, 4.5)
    assert 3 < empty < 4
    assert Curves(replay(())).off == [(0, 1)]


def test_the_picture_shows_the_latest_steps(phone):
    phone.take(*(NextDay() for _ in range(COLUMNS + 3)))
    names = [name.get_text() for name, *_ in phone.picture.feet]
    times = [time.get_text() for _, time, _ in phone.picture.feet]
    assert names == ["next day"] * COLUMNS
    assert times[-1] == f"{phone.result.account.now:%a %H:%M}"


def test_a_step_keeps_the_background(phone):
    phone.take(TopUp(25 * QAR), Buy("week_1gb"))
    drawn = phone.picture.backgrounds
    phone.take(Do("web", 10))
    phone.take(Do("web", 10))
    assert phone.picture.backgrounds == drawn


# The story of the first lesson


def test_the_story_has_six_beats_that_happen():
    story = RechargeStory()
    statuses, alerts = [], []
    for beat in BEATS:
        story.next_button.click()
        assert beat.why in story.sentence
        statuses.append(story.result.account.status)
        alerts.append(len(story.result.warnings(story.result.turns[-1])))
    assert [beat.name for beat in BEATS] == ["top up", "convert", "browse", "alert", "empty", "top up again"]
    assert [status is Status.ACTIVE for status in statuses] == [True, True, True, True, False, True]
    assert alerts[:3] == [0, 0, 0]
    assert alerts[3] > 0
    empty = story.run(beats=5).account
    assert (empty.credit, empty.data_left) == (0, 0)


def test_each_beat_writes_an_entry_and_lights_up_a_number():
    story = RechargeStory()
    for beat in range(1, len(BEATS) + 1):
        story.next_button.click()
        assert story.sentence.startswith(f"{beat} of 6, {BEATS[beat - 1].name}: ")
        assert story.result.turns[-1].entries
        assert "pm-number" in story._shown["phone"].value
        assert re.search(r"pm-(money|data) pm-new", story._shown["phone"].value)
        assert '<tr class="pm-new">' in story._shown["ledger"].value


def test_the_story_goes_back_and_round():
    story = RechargeStory()
    opening = story.sentence
    assert story.next_button.description == "Next ▸ 1 of 6: top up"
    story.back_button.click()
    assert story.sentence == opening
    for _ in BEATS:
        story.next_button.click()
    assert story.next_button.description == "From the start ↺"
    last = story.sentence
    story.next_button.click()
    assert story.sentence == opening
    for _ in BEATS:
        story.next_button.click()
    story.back_button.click()
    story.next_button.click()
    assert story.sentence == last


def test_the_story_draws_its_background_once():
    story = RechargeStory()
    for _ in BEATS:
        story.next_button.click()
    assert story.picture.backgrounds == 1


def test_without_a_kernel_the_whole_story_is_shown():
    story = RechargeStory()
    saved = story.static()
    assert all(beat.name in saved["text/plain"] for beat in BEATS)
    for _ in BEATS:
        story.next_button.click()
    assert saved["image/png"] == story.picture.png()


def test_without_a_kernel_the_phone_is_new(phone):
    before = phone.static()
    phone.take(*FIRST_RECHARGE)
    assert phone.static() == before
    assert "no byte can flow" in before["text/plain"]
