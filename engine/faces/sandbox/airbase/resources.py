"""The master data of Airbase: which fields each resource has and who may set them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    OPTIONAL_TEXT = "optional_text"
    FLAG = "flag"
    SUBSIDIARIES = "subsidiaries"
    CURRENCY = "currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; `required` counts on create, and means that the text may not be empty."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    default: object = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of master data under `/v1/accounting/`, with the verbs its two addresses offer."""

    name: str
    fields: tuple[Field, ...]
    list_verbs: tuple[str, ...]
    item_verbs: tuple[str, ...]
    bulk: bool
    twin_id: bool = False
    filters: tuple[str, ...] = ()

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)


_REFERENCE = Field(name="erp_reference_id")
_ACTIVE = Field(name="is_active", kind=Kind.FLAG, default=True)
_SUBSIDIARIES = Field(name="subsidiary_reference_ids", kind=Kind.SUBSIDIARIES, default=())
_NAME = Field(name="name", required=True)

VENDORS = Resource(
    name="vendors",
    fields=(
        _REFERENCE,
        Field(name="erp_parent_reference_id", kind=Kind.OPTIONAL_TEXT, default=None),
        _NAME,
        _ACTIVE,
        Field(name="email", kind=Kind.OPTIONAL_TEXT, default=None),
        _SUBSIDIARIES,
    ),
    list_verbs=("GET", "POST"),
    item_verbs=("GET", "PATCH"),
    bulk=True,
    twin_id=True,
    filters=("erp_reference_id",),
)
ACCOUNTS = Resource(
    name="accounts",
    fields=(
        _REFERENCE,
        _NAME,
        Field(name="type", required=True),
        Field(name="category"),
        Field(name="account_number"),
        _ACTIVE,
        _SUBSIDIARIES,
        Field(name="erp_currency_reference_id", kind=Kind.CURRENCY),
    ),
    list_verbs=("GET", "POST"),
    item_verbs=("GET", "PATCH"),
    bulk=True,
    filters=("erp_reference_id",),
)
TAGS = Resource(
    name="tags",
    fields=(_REFERENCE, Field(name="type_label", required=True), _NAME, _ACTIVE, _SUBSIDIARIES),
    list_verbs=("GET", "POST"),
    item_verbs=("GET", "PATCH"),
    bulk=True,
    filters=("erp_reference_id",),
)
SUBSIDIARIES = Resource(
    name="subsidiaries",
    fields=(
        _REFERENCE,
        _NAME,
        Field(name="erp_currency_reference_id", kind=Kind.CURRENCY),
        Field(name="iso_code", required=True),
    ),
    list_verbs=("GET", "POST"),
    item_verbs=("GET", "PATCH"),
    bulk=False,
)
CURRENCIES = Resource(
    name="currencies",
    fields=(_REFERENCE, Field(name="iso_code", required=True)),
    list_verbs=("GET", "POST"),
    item_verbs=("GET",),
    bulk=False,
)
RESOURCES = {one.name: one for one in (VENDORS, ACCOUNTS, TAGS, SUBSIDIARIES, CURRENCIES)}
