"""What the count of bytes says in words: what is asked for, each step and why, and what comes of it.

Examples
--------
>>> from prepaid_model.counting import Rules, activities, count
>>> from prepaid_model.usage import START
>>> film = count(activities()["video_sd"], 88, START, Rules(loss=1))
>>> verdict(film), uplink_share(film)
('Your phone shows 1.01 GB, your operator charges 1.10 GB.', 'Of 100 bytes counted, 2.9 went up.')
>>> why(film, 2)
'Other apps never sleep.'
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from prepaid_model.counting import Count, Step
from prepaid_model.figures.byte_counter import Waterfall, percent, signed
from prepaid_model.figures.usage_records import causes_of
from prepaid_model.packets import protocol_of
from prepaid_model.units import MIB


def tell(result: Waterfall) -> str:
    """Say what is asked for, each step that is revealed and why the latest is so, and in the end what comes of it."""
    count, revealed = result.count, result.revealed
    said = zip(count.steps[:revealed], result.guesses, strict=False)
    steps = ", ".join(_told(step, guess) for step, guess in said)
    told = _asked(count) + (f" {_capital(steps)}." if steps else "")
    if result.whole:
        return f"{verdict(count)} {told} {uplink_share(count)} {causes_of(count)}.{_days(count)}"
    reason = f" {why(count, revealed - 1)}" if revealed else ""
    guess = signed(result.guesses[revealed] or 0)
    return f'{told}{reason} What does "{count.steps[revealed].name}" add? Your guess: {guess} %. {causes_of(count)}.'


def verdict(count: Count) -> str:
    """Set the phone's number against the operator's."""
    return f"Your phone shows {count.phone_says}, your operator charges {count.operator_says}."


def uplink_share(count: Count) -> str:
    """Say how much of what was counted went up."""
    return f"Of 100 bytes counted, {1000 * count.counted.input // count.counted.total / 10:g} went up."


def _asked(count: Count) -> str:
    minutes = (count.end - count.start) // timedelta(minutes=1)
    done = f"{_capital(count.activity.phrase)}, {minutes} min from {count.start:%a %H:%M}"
    return f"{done}: the app asks for {count.asked_says}."


def _told(step: Step, guess: int | None) -> str:
    said = "" if guess is None else f" (you said {signed(guess)} %)"
    return f"{step.name} {percent(step.adds)} %{said}"


def _days(count: Count) -> str:
    """Say on which days the bytes are booked, if there is more than one."""
    phone, operator = count.phone_days(), count.operator_days()
    if len(phone) == len(operator) == 1 and phone.keys() == operator.keys():
        return ""
    return (
        f" By days, the operator books {_by_day(count, operator, count.operator_unit)}; "
        f"the phone {_by_day(count, phone, count.phone_unit)}."
    )


def _by_day(count: Count, days: Mapping[date, int], unit: int) -> str:
    return " and ".join(f"{count.said(volume, unit)} on {day:%a} {day.day} {day:%b}" for day, volume in days.items())


def why(count: Count, number: int) -> str:
    """Say why a step is as it is; steps are numbered from 0."""
    return _REASONS[number](count)


def _headers(count: Count) -> str:
    protocol = protocol_of(count.activity)
    own = f"Each packet has {protocol.headers} bytes of headers"
    if not protocol.resends:
        return f"{own}; a call is not acknowledged."
    return f"{own}, and every second one that comes down is acknowledged by another {protocol.headers}, going up."


def _again(count: Count) -> str:
    if not count.rules.loss:
        return "Nothing is lost."
    if protocol_of(count.activity).resends:
        return "What is lost on its way down was counted already; it is sent, and counted, once more."
    return "A call does not ask again, and what is lost on its way up never reaches the counter."


def _background(count: Count) -> str:
    return "Other apps never sleep." if count.background.total else "What other apps do is all there is."


def _unit(count: Count) -> str:
    phone = f"To the phone a {count.prefix} is {count.phone_unit:,} bytes"
    if count.operator_unit == count.phone_unit:
        return f"{phone}, and to the operator too."
    return f"{phone}, to the operator {count.operator_unit:,}: the same bytes make a larger number."


def _rounding(count: Count) -> str:
    whole = "each record is" if count.rules.each_record else "the session is"
    return f"At the end {whole} rounded up to a whole {'MiB' if count.rules.unit == MIB else 'MB'}."


_REASONS: tuple[Callable[[Count], str], ...] = (_headers, _again, _background, _unit, _rounding)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
