"""Experiment of lesson 10: a warning, how long it takes to be read, and how often that is too late."""

import html
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import ipywidgets as widgets

from prepaid_model.alerts import ALL_USED
from prepaid_model.catalogue import catalogue
from prepaid_model.errors import InputError
from prepaid_model.figures.alert_timing import LATE, AlertPicture, WarnedMonth
from prepaid_model.lead_time import (
    EVEN,
    HEAVY_DAYS,
    MONTHS,
    Life,
    Reached,
    live,
    one_month,
    reached,
    standard_error,
)
from prepaid_model.offers import Bundle
from prepaid_model.personas import personas
from prepaid_model.units import format_moment
from prepaid_model.widgets.controls import amount, choice, slider
from prepaid_model.widgets.experiment import Experiment

MOST_ALERTS = 5
SMALL, LARGE = "student, week_1gb", "student, month_5gb"
_CASES = (SMALL, LARGE, "family_video, week_3gb", "family_video, month_12gb")
_HOUR = timedelta(hours=1)


class Rule(NamedTuple):
    """What a regulator has operators do: the last alert before the end, and how many hours late it may be."""

    name: str
    percent: int
    late: int


RULES = (
    Rule("South Africa (ICASA), 80 %", 80, 0),
    Rule("EU roaming (2022/612), 80 %", 80, 0),
    Rule("Australia (ACMA), 85 %", 85, 0),
    Rule(f"Australia, {LATE} h late", 85, LATE),
)
"""Of three regulators, acting on the last alert before the end; the first warns of a limit in bytes or in money."""


class AlertTiming(Experiment[WarnedMonth]):
    """A bundle, its alerts, and somebody who recharges when one of them is read.

    Examples
    --------
    >>> timing = AlertTiming()
    >>> timing.result.cut_off, timing.result.life.cut_off
    (729, True)
    >>> timing.choose("A larger bundle")
    >>> timing.result.cut_off
    0
    """

    title = "A warning in time, or not"
    scenarios = {
        "The warning came too late": {},
        "A larger bundle": {"case": LARGE},
        "The same, with three heavy days": {"case": LARGE, "heavy": 50, "shown": 5},
        "Half used, read a day later": {"threshold": 50, "others": "80"},
        "Information that lags 48 hours": {
            "case": LARGE,
            "shown": 5,
            "threshold": 85,
            "delay": 48,
            "reading": 12,
            "heavy": 50,
        },
        "Read within the hour": {"case": LARGE, "reading": 1, "heavy": 50},
    }

    def make_controls(self) -> dict[str, Any]:
        """Make the controls: whose bundle, when to warn, how long the message takes, how the days differ."""
        return {
            "case": choice("Who", [(_name(case), case) for case in _CASES], SMALL),
            "shown": slider("Month on show", 1, 1, MONTHS),
            "threshold": slider("Acts on the alert at, % used", 80, 1, 100),
            "others": amount("other alerts at, %", "50", ["50", "25, 50, 75", "50, 90", ""]),
            "delay": slider("Message delay, hours", 0, 0, 72),
            "reading": slider("Read after, hours", 24, 0, 72),
            "heavy": slider(f"{HEAVY_DAYS} heavy days of 30 take, % of the data", EVEN, EVEN, 70, 5),
        }

    def make_picture(self) -> AlertPicture:
        """Make the picture."""
        return AlertPicture()

    def rows(self) -> Sequence[Sequence[widgets.Widget]]:
        """Lay the controls out in three rows: the bundle, the alerts, the message."""
        names = (("case", "heavy"), ("threshold", "others"), ("delay", "reading"))
        return [[self.controls[name] for name in row] for row in names]

    def head(self) -> Sequence[widgets.Widget]:
        """Put the month on show beside the scenarios."""
        return [self.controls["shown"]]

    def run(self, **settings: Any) -> WarnedMonth:
        """Live through the month on show, and count all months."""
        who, bundle = case_of(settings["case"])
        percent, others = settings["threshold"], percents(settings["others"])
        delay, reading, heavy = settings["delay"], settings["reading"], settings["heavy"]
        life = lived(who, bundle, heavy, settings["shown"] - 1, percent, others, delay, reading)
        name = f"{personas()[who].name}, {bundle.name}, month {settings['shown']:,} of {MONTHS:,}"
        title = f"{name}: {how_it_went(life, percent)}"
        return WarnedMonth(life, reached(who, bundle, heavy), bundle, percent, others, delay, reading, title)

    def describe(self, result: WarnedMonth) -> str:
        """Say how the month on show went, what was forecast, and how many of all months went the same way."""
        return f"{result.title}. {when_it_was(result)} {what_was_forecast(result)} {how_often(result)}"

    def panels(self, result: WarnedMonth) -> dict[str, str]:
        """Write what three regulators' rules would do in the same months."""
        return {"rules": rules_compared(result)}


@lru_cache(maxsize=32)
def lived(
    who: str, bundle: Bundle, heavy: int, account: int, percent: int, others: tuple[int, ...], delay: int, reading: int
) -> Life:
    """Return what becomes of one of the months; delay and reading in hours."""
    usage = one_month(who, heavy, account, days=bundle.lasts // timedelta(days=1))  # what is on show
    return live(usage, bundle, percent, others, delay * _HOUR, reading * _HOUR)


def percents(text: str) -> tuple[int, ...]:
    """Read percentages as they are typed, with commas between; none is a possibility.

    Raises
    ------
    InputError
        If one is no whole number from 1 to 100, or there are too many.

    Examples
    --------
    >>> percents("50, 100"), percents("")
    ((50, 100), ())
    """
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",") if part.strip()]
    expected = f"up to {MOST_ALERTS} whole percentages from 1 to 100, such as 50, 90"
    if len(parts) > MOST_ALERTS or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        raise InputError("other alerts", text, expected)
    numbers = tuple(int(part) for part in parts)
    if not all(1 <= number <= ALL_USED for number in numbers):
        raise InputError("other alerts", text, expected)
    return numbers


def how_it_went(life: Life, percent: int) -> str:
    """Say in a few words whether the warning was in time."""
    end, recharged = life.used_up, life.recharged[0] if life.recharged else None
    if end is None:
        return "not used up before it ended" if recharged is None else "recharged, though it would have lasted"
    if recharged is None:
        return f"cut off after the alert at {percent} %, and not back this month"
    if life.cut_off:
        return f"cut off, recharged {spell(recharged - end)} too late"
    return f"recharged {spell(end - recharged)} before it was used up"


def when_it_was(result: WarnedMonth) -> str:
    """Say when the alert was sent and read, and when nothing was left."""
    sent, end = result.sent, result.life.used_up
    if sent is None:
        return f"{result.percent} % were never reached."
    read = sent + (result.delay + result.reading) * _HOUR
    gone = f"The bundle was used up on {format_moment(end)}." if end else "The bundle ended first."
    when = f"sent on {format_moment(sent)} and read on {format_moment(read)}"
    return f"The alert at {result.percent} % used was {when}. {gone}"


def what_was_forecast(result: WarnedMonth) -> str:
    """Say when the end was expected as the alert was sent, and whether it came then."""
    told, end = result.life.forecast(result.percent), result.life.used_up
    if told is None:
        return "So soon nothing can be forecast."
    kept = end is not None and told.earliest <= end <= told.latest
    so = "it did" if kept else "it did not"
    return f"Forecast then: it ends between {format_moment(told.earliest)} and {format_moment(told.latest)}; {so}."


def how_often(result: WarnedMonth) -> str:
    """Say how many of all months are cut off, and how sure that is."""
    of, late = len(result.months), result.cut_off
    if not late:
        return (
            f"Of {of:,} such months, none is cut off before the warning is read: so at most about 3 in {of:,} ever are."
        )
    if late == of:
        return f"Of {of:,} such months, all are cut off before the warning is read."
    share = f"{100 * late / of:.1f} %, give or take {100 * standard_error(late, of):.1f}"
    return f"Of {of:,} such months, {late:,} are cut off before the warning is read ({share})."


def rules_compared(result: WarnedMonth) -> str:
    """Write how many of the same months would be cut off under each rule, read as soon as the learner's alert."""
    cells = "".join(
        f'<div><div style="font-size:13px;color:var(--pm-pale)">{html.escape(rule.name)}</div>'
        f'<div style="font-size:16px;font-weight:600;color:var(--pm-suspended)">'
        f"{under(rule, result):,} cut off</div></div>"
        for rule in RULES
    )
    line = f"The same {len(result.months):,} months under three regulators' rules, read after {result.reading} h:"
    return (
        f'<div style="margin:8px 2px 0">{html.escape(line)}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:6px 30px;margin:2px 2px 2px">{cells}</div>'
    )


def under(rule: Rule, result: WarnedMonth) -> int:
    """Count the months that are cut off under a rule, whose message is as late as the rule lets it be."""
    return result.months.cut_off(rule.percent, 60 * (rule.late + result.reading))


def lead_in_words(months: Reached, percent: int) -> str:
    """Say how long the rest lasts after an alert, in the shortest, the middle and the longest of the months.

    Examples
    --------
    >>> who, bundle = "student", catalogue().bundles["week_1gb"]
    >>> lead_in_words(reached(who, bundle, EVEN), 80)
    'From the alert at 80 % to the last byte: 1 hour at least, 21 hours in the middle, 46 hours at most.'
    """
    lead = months.lead(percent)
    least, middle, most = (spell(timedelta(minutes=int(lead[at]))) for at in (0, len(lead) // 2, -1))
    return f"From the alert at {percent} % to the last byte: {least} at least, {middle} in the middle, {most} at most."


def spell(time: timedelta) -> str:
    """Say a time in the words a person would use.

    Examples
    --------
    >>> spell(timedelta(minutes=50)), spell(timedelta(hours=1)), spell(timedelta(hours=30)), spell(timedelta(days=5))
    ('50 minutes', '1 hour', '30 hours', '5 days')
    """
    for unit, name, least in ((timedelta(days=1), "day", 3), (timedelta(hours=1), "hour", 1)):
        if time >= least * unit:
            number = round(time / unit)
            return f"{number} {name}{'s' if number > 1 else ''}"
    return f"{time // timedelta(minutes=1)} minutes"


def case_of(case: str) -> tuple[str, Bundle]:
    """Return who it is and what they buy."""
    who, bundle = case.split(", ")
    return who, catalogue().bundles[bundle]


def _name(case: str) -> str:
    who, bundle = case_of(case)
    return f"{personas()[who].name}, {bundle.name}"
