"""Invented people and invented names of firms."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = "Ada Bo Cyra Dov Edda Finn Greta Hal Ines Jory Kit Lena Milo Nia Odo Pia Quin Rhea"
_LAST = (
    "Alderwick Brennoch Casterlin Dunmarrow Ellerby Farrowell Garnock Hesselvane Ibberton Jessamy "
    "Kelderly Lorrimore Marchwood Netherby Ollenshaw Pettigrove Quillon Ravenside"
)

_WORDS = (
    "Ardenmoor Brackfell Calderwynn Dapplecrest Emberholt Fallowmere Gritstowe Hollowick Irongale Juniperly "
    "Kestrelby Larkhollow Mossgrave Nettlecombe Oakhaven Pinderly Quarrystow Rookwater Saltmarrow Thistledon "
    "Umberfield Vexley Wrenmoor Yarrowby"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An employee, who owns spend and is repaid for it."""

    name: str
    email: str


PEOPLE = tuple(
    Person(name=f"{first} {last}", email=f"{first}.{last}@example.test".lower())
    for first, last in zip(_FIRST.split(), _LAST.split(), strict=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a kind of firm sells, and the naturals its bills are coded to."""

    suffix: str
    naturals: tuple[str, ...]


TRADES = (
    Trade(suffix="Tooling Inc", naturals=("5020", "5010")),
    Trade(suffix="Fasteners LLC", naturals=("5000", "5010")),
    Trade(suffix="Freight Lines", naturals=("5200", "6400", "6410")),
    Trade(suffix="Plating Works", naturals=("5110",)),
    Trade(suffix="Machining Co", naturals=("5100", "5300")),
    Trade(suffix="Software Ltd", naturals=("6100", "6110", "6740")),
    Trade(suffix="Office Supply", naturals=("6200", "6210", "6220")),
    Trade(suffix="Calibration Services", naturals=("5400", "6500")),
    Trade(suffix="Staffing Group", naturals=("6020", "6730")),
    Trade(suffix="Facilities", naturals=("6510", "6520", "6530")),
    Trade(suffix="Utilities", naturals=("6600", "6610", "6620")),
    Trade(suffix="& Partners LLP", naturals=("6700", "6710", "6720")),
    Trade(suffix="Media", naturals=("6800", "6810")),
)


def firm(number: int) -> tuple[str, Trade]:
    """The name and trade of the nth invented firm; the first 312 are all different."""
    words = _WORDS.split()
    trade = TRADES[number % len(TRADES)]
    return f"{words[number % len(words)]} {trade.suffix}", trade
