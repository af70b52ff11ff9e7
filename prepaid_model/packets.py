"""An app's bytes as packets: what their headers add, what is acknowledged, what is lost on the radio.

All loss is on the radio side of the counter in the gateway:

- down, a lost packet was counted already. TCP sends it again, and it is counted again; RTP leaves the gap.
- up, a lost packet never reaches the counter. What TCP sends again is counted then, once.
- what the radio repeats by itself, between mast and phone, the counter never sees.

Left out: IPv6, header options, TLS, QUIC, opening a connection, repeats that were not needed.

References
----------
IPv4: RFC 791. TCP: RFC 9293; its acknowledgements: RFC 5681, 4.2. UDP: RFC 768. RTP: RFC 3550.

Examples
--------
>>> from prepaid_model.tables import activities
>>> call = packed(payload_of(activities()["video_call"], 1), OVER_RTP, packet=1500)
>>> call.headers, call.at_the_counter(loss=10).input, call.at_the_phone(loss=10).output
(Octets(input=123320, output=123320), 4160988, 4160988)
"""

from typing import NamedTuple

from prepaid_model.credit_control import Octets
from prepaid_model.tables import Activity

IPV4, TCP, UDP, RTP = 20, 20, 8, 12
LARGEST_PACKET = 1500
"""What Ethernet carries at most (RFC 894); published volumes are taken to have come in such packets."""
FOR_EACH_ACKNOWLEDGEMENT = 2
"""Packets that one acknowledgement answers at most."""


class Protocol(NamedTuple):
    """How bytes travel: by what, how many bytes of headers a packet has, whether what is lost is sent again."""

    name: str
    headers: int
    resends: bool


OVER_TCP = Protocol("TCP", IPV4 + TCP, resends=True)
OVER_RTP = Protocol("RTP over UDP", IPV4 + UDP + RTP, resends=False)


class Way(NamedTuple):
    """One direction.

    Parameters
    ----------
    packets : int
        Packets that carry payload.
    carrying : int
        Their bytes, headers included.
    bare : int
        Bytes of packets that hold nothing but an acknowledgement.
    headers : int
        Bytes of all headers.
    """

    packets: int
    carrying: int
    bare: int
    headers: int

    @property
    def sent(self) -> int:
        """Bytes sent the first time."""
        return self.carrying + self.bare


class Packets(NamedTuple):
    """Payload as it travels, each way."""

    protocol: Protocol
    up: Way
    down: Way

    @property
    def headers(self) -> Octets:
        """Bytes of headers; an acknowledgement is nothing else."""
        return Octets(self.up.headers, self.down.headers)

    def at_the_counter(self, loss: int) -> Octets:
        """Bytes that the gateway counts if so many percent are lost; a lost acknowledgement is not sent again."""
        if self.protocol.resends:
            return Octets(self.up.sent - _lost(self.up.bare, loss), self.down.sent + _again(self.down.carrying, loss))
        return Octets(self.up.sent - _lost(self.up.sent, loss), self.down.sent)

    def at_the_phone(self, loss: int) -> Octets:
        """Bytes that the phone's own counter has: each packet that it sent, and each that reached it."""
        if self.protocol.resends:
            return Octets(self.up.sent + _again(self.up.carrying, loss), self.down.sent - _lost(self.down.bare, loss))
        return Octets(self.up.sent, self.down.sent - _lost(self.down.sent, loss))


def protocol_of(activity: Activity) -> Protocol:
    """Return how an activity's bytes travel: calls by RTP, all else by TCP."""
    return OVER_RTP if activity.traffic == "call" else OVER_TCP


def payload_of(activity: Activity, minutes: int) -> Octets:
    """Return what the app itself moves.

    Published uplinks were measured in networks: they hold the acknowledgements of what came down. These are taken
    out, since they are counted as headers.

    Examples
    --------
    >>> from prepaid_model.tables import activities
    >>> payload_of(activities()["video_call"], 1), payload_of(activities()["music"], 1)
    (Octets(input=4500000, output=4500000), Octets(input=0, output=720000))
    """
    protocol, (up, down) = protocol_of(activity), activity.volume(minutes)
    if protocol.resends:
        packets = _divided(down, LARGEST_PACKET - protocol.headers)
        up = max(up - _divided(packets, FOR_EACH_ACKNOWLEDGEMENT) * protocol.headers, 0)
    return Octets(up, down)


def packed(payload: Octets, protocol: Protocol, packet: int) -> Packets:
    """Put payload into packets of so many bytes at most, headers included."""
    up, down = (_divided(volume, packet - protocol.headers) for volume in payload)

    def way(volume: int, packets: int, other: int) -> Way:
        # An acknowledgement rides on a packet that goes the same way, as long as there is one.
        owed = _divided(other, FOR_EACH_ACKNOWLEDGEMENT) if protocol.resends else 0
        bare = max(owed - packets, 0) * protocol.headers
        headers = packets * protocol.headers
        return Way(packets, volume + headers, bare, headers + bare)

    return Packets(protocol, way(payload.input, up, down), way(payload.output, down, up))


def _divided(volume: int, size: int) -> int:
    """Return how many of a size are needed."""
    return -(-volume // size)


def _lost(volume: int, loss: int) -> int:
    return volume * loss // 100


def _again(volume: int, loss: int) -> int:
    """Return what is sent again: what was lost, what was lost of that, and so on."""
    return volume * loss // (100 - loss)
