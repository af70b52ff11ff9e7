"""What the lesson "What the system cannot do" asks at its end: checked questions, answered by the model."""

from dataclasses import replace
from datetime import timedelta

from prepaid_model.catalogue import catalogue
from prepaid_model.charging import ChargingServer
from prepaid_model.credit_control import CreditControlRequest, Octets, RequestType, ServiceRequest
from prepaid_model.prepaid import PrepaidAccount
from prepaid_model.tradeoff import Conditions
from prepaid_model.units import DIRHAM, GB, MB, QAR
from prepaid_model.usage import START
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.outage_policy import OutagePolicy
from prepaid_model.widgets.quota_tradeoff import QuotaTradeoff


def unpaid_at_the_end() -> Checkpoint:
    """Ask what several devices may owe at the end of the credit."""
    there = Conditions(need=GB, delay=500, speed=10 * MB, devices=4)
    unpaid = there.devices * there.meanwhile // MB
    return Checkpoint(
        "80 Mbit/s are 10 MB a second. An answer takes half a second, four devices share the account. "
        "How many MB may be unpaid at the end?",
        unpaid,
        f"{unpaid} MB: speed × delay, once for each device.",
        hints={5: "That is one device.", 40: "How long is the wait?", 2: "In megabytes, and for all devices."},
        unit="MB",
    )


def requests_of_films() -> Checkpoint:
    """Ask what longer sessions do to the number of requests."""
    pages, films = QuotaTradeoff(), QuotaTradeoff()
    films.controls["need"].value = 100 * MB
    fewer = films.result.chosen.requests < pages.result.chosen.requests
    return Checkpoint(
        "Sessions become ten times longer: films instead of web pages. What happens to the requests for each gigabyte?",
        "fewer" if fewer else "more",
        "Fewer: a session's first and last request are spread over more bytes. Choose Long films in the experiment.",
        options=("fewer", "as many", "more"),
        hints={"more": "Each session has one first and one last request, however long it is."},
    )


def longest_cut_off() -> Checkpoint:
    """Ask which failure handling leaves the customer without service for longest."""
    ways = {way.name: came for way, came in OutagePolicy().result.ways.items()}
    longest = max(ways, key=lambda way: ways[way].without_service)
    return Checkpoint(
        "The system is gone, and the customer has credit enough. Which way cuts the customer off for longest?",
        longest,
        f"{longest}: it gives up at once, ten seconds after the first request that nobody answers.",
        options=tuple(ways),
        hints={"CONTINUE": "Here traffic flows on.", "RETRY_AND_TERMINATE": "Traffic flows while it tries again."},
    )


def charged_for_repeats() -> Checkpoint:
    """Ask what a report costs that arrives three times."""
    account = _account()
    server = ChargingServer({"phone": account})
    server.answer(CreditControlRequest("s1", RequestType.INITIAL, 0, "phone", (ServiceRequest(0, 10 * MB),)), at=START)
    used = ServiceRequest(0, 10 * MB, used=Octets(output=10 * MB))
    report = CreditControlRequest("s1", RequestType.UPDATE, 1, "phone", (used,))
    for each in (report, *2 * [replace(report, retransmitted=True)]):
        server.answer(each, at=START)
    charged = (10 * QAR - account.credit) // DIRHAM
    return Checkpoint(
        "A report of 10 MB at QAR 0.05 each arrives three times, twice with the T flag. The server recognises it. "
        "How many dirham are charged?",
        charged,
        f"{charged} dirham, once: a repeat gets the first answer again.",
        hints={150: "It recognises the repeats.", 0: "The first report counts.", 100: "How often did the bytes flow?"},
        unit="dirham",
    )


def left_after_the_end() -> Checkpoint:
    """Ask what is left of a bundle that ended in mid-session."""
    account, bundle = _account(), catalogue().bundles["day_500mb"]
    account.buy(bundle, at=START)
    account.use(100 * MB, at=START)
    account.advance(START + bundle.lasts + timedelta(minutes=1))
    left = account.data_left // MB
    return Checkpoint(
        "A bundle ends at nine, in the middle of a session, with 400 MB left. How many are there a minute later?",
        left,
        f"{left} MB: at nine it is dead. What the gateway had used until then was charged to it, the rest expired.",
        hints={400: "Time takes data, too: lesson 02."},
        unit="MB",
    )


def _account() -> PrepaidAccount:
    account = PrepaidAccount(catalogue().tariffs["standard"], opened=START, out_of_bundle=True)
    account.top_up(10 * QAR, at=START)
    return account
