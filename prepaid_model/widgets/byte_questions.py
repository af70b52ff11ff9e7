"""What the lesson "Who counts my bytes?" asks: predictions and checked questions, answered by the model."""

from datetime import timedelta
from typing import Any

from prepaid_model.counting import VOLUME_LIMIT, Count, Rules, count
from prepaid_model.packets import IPV4, TCP
from prepaid_model.tables import activities
from prepaid_model.units import GB, GIB, KB, MB, MIB
from prepaid_model.usage import START
from prepaid_model.widgets.checkpoint import Checkpoint
from prepaid_model.widgets.prediction import Prediction

EVENING = START + timedelta(hours=21)


def predict_the_call(guess: Any = None) -> Prediction:
    """Ask for the uplink's share in a video call."""
    call = counted("video_call", 60)
    return Prediction(
        "A video call: of 100 bytes that the network counts, how many go up, from the phone?",
        up_of_a_hundred(call),
        "Both sides see and hear each other, so as much goes up as comes down; and both count.",
        unit="of 100",
        guess=guess,
    )


def predict_the_film(guess: Any = None) -> Prediction:
    """Ask for the uplink's share in a film."""
    film = counted("video_sd", 88)
    acknowledgements = 100 * film.headers.input // film.counted.input
    return Prediction(
        "A film: of 100 bytes that the network counts, how many go up?",
        up_of_a_hundred(film),
        f"Your phone asks for the film, and acknowledges every second packet of it. {acknowledgements} % of what "
        "goes up is headers, most of them on such packets.",
        unit="of 100",
        guess=guess,
    )


def smaller_packets() -> Checkpoint:
    """Ask what half the packet adds in headers."""
    per_packet = IPV4 + TCP
    return Checkpoint(
        "A packet has 40 bytes of headers. It may hold 400 bytes in all. How many of them are left for the app?",
        400 - per_packet,
        "400 less 40. A packet of 1,500 leaves 1,460: the smaller the packets, the larger the share of headers.",
        hints={400: "The headers are in the 400.", 440: "The headers are in the 400, not on top."},
        unit="bytes",
    )


def unit_alone() -> Checkpoint:
    """Ask for what the unit alone adds to a gigabyte."""
    return Checkpoint(
        "Your phone shows exactly 1 GB, of 1,073,741,824 bytes. How many whole MB of 1,000,000 bytes are that?",
        GIB // MB,
        "1,073 and a bit. Nobody has used more: it is the same bytes, told in a smaller unit.",
        hints={
            GB // MB: "That would be so if your phone's GB had 1,000,000,000 bytes.",
            GB // MIB: "The other way round.",
        },
        unit="MB",
    )


def where_it_was_lost() -> Checkpoint:
    """Ask which loss the operator counts twice."""
    down, up = "A packet of a film, on its way to your phone", "A packet of a photo, on its way from your phone"
    film = count(activities()["video_sd"], 1, EVENING, Rules(loss=1))
    return Checkpoint(
        "A packet is lost between mast and phone, and TCP sends it again. Which is counted twice by the operator?",
        down if film.again.output > 0 >= film.again.input else up,
        "The counter stands in the core of the network. What comes down has passed it before it is lost. What goes up "
        "is lost before it gets there.",
        options=(down, up, "Both", "Neither"),
        hints={
            up: "Where does the counter stand? Had this packet passed it?",
            "Both": "One of them is lost before it reaches the counter.",
            "Neither": "Then nothing sent again would be counted twice. In the experiment, lose more.",
        },
    )


def each_record_or_the_session() -> Checkpoint:
    """Ask what rounding up each record costs."""
    rules = Rules(every=timedelta(minutes=15), each_record=True)
    idle = count(activities()["idle"], 480, START, rules)
    return Checkpoint(
        f"A phone lies idle for 8 hours: {idle.counted.total // KB:,} KB. A record every 15 minutes, each rounded up "
        "to a whole MB. How many MB are charged?",
        idle.charged // MB,
        f"{len(idle.records)} records, one started megabyte each. Rounded up once for the session, it would be "
        f"{-(-idle.counted.total // MB)} MB.",
        hints={-(-idle.counted.total // MB): "That is the session rounded up once. Here each record is."},
        hint="How many quarters of an hour are 8 hours?",
        unit="MB",
    )


def why_it_closed() -> Checkpoint:
    """Ask which limit closes the records of a film in high definition."""
    film = count(activities()["video_hd"], 45, EVENING, Rules(loss=1))
    causes = ("time limit", "volume limit", "normal release")
    return Checkpoint(
        f"A film in high definition, a record every 30 minutes or {VOLUME_LIMIT // MB} MB, whichever comes first. "
        "What closes its first record?",
        film.records[0].cause.label,
        f"It moves {VOLUME_LIMIT // MB} MB in under ten minutes, long before the half hour is over.",
        options=causes,
        hints={causes[0]: "How much does it move in half an hour?", causes[2]: "That closes the last one."},
    )


def counted(activity: str, minutes: int) -> Count:
    """Count something on a good evening, with nothing lost."""
    return count(activities()[activity], minutes, EVENING, Rules())


def up_of_a_hundred(count: Count) -> int:
    """Return how many of a hundred bytes counted went up, rounded."""
    return (200 * count.counted.input + count.counted.total) // (2 * count.counted.total)
