"""How the simulated Epicor says no: one exception, and its bodies in JSON and XML."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from xml.sax.saxutils import escape

from engine.faces.sandbox.exchange import SandboxResponse

BUSINESS = "Ice.Common.BusinessObjectException"
STALE = "Ice.BLException"
DUPLICATE = "Ice.Common.DuplicateRecordException"
NOT_FOUND = "Ice.Common.RecordNotFoundException"
REST = "Epicor.RESTApi.ErrorHandling.ApiException"
ODATA = "Microsoft.OData.ODataException"
UNAUTHORISED = "System.UnauthorizedAccessException"
LICENCE = "Ice.Common.LicenseAccessException"


@dataclass(slots=True, eq=False)
class EpicorError(Exception):
    """A refusal of the simulated Epicor; `table` and `column` name the culprit where there is one."""

    status: int
    error_type: str
    message: str
    table: str = ""
    column: str = ""

    def __str__(self) -> str:
        return self.message


def refused(message: str, table: str = "", column: str = "") -> EpicorError:
    """A business rule says no."""
    return EpicorError(400, BUSINESS, message, table, column)


def stale(table: str) -> EpicorError:
    """The row was written by someone else since it was read."""
    return EpicorError(400, STALE, "Row has been modified by another user and couldn't be updated.", table)


def duplicate(table: str, column: str = "") -> EpicorError:
    """A row with this key is there already."""
    return EpicorError(409, DUPLICATE, "This is a duplicate entry of an existing record", table, column)


def not_found(what: str, table: str = "") -> EpicorError:
    """No row has this key."""
    return EpicorError(404, NOT_FOUND, f"Record not found: {what}.", table)


def unknown_address(what: str) -> EpicorError:
    """No service, method or entity set is called this."""
    return EpicorError(404, REST, what)


def malformed(message: str) -> EpicorError:
    """An OData option or key that cannot be read."""
    return EpicorError(400, ODATA, message)


def unreadable(message: str) -> EpicorError:
    """A body or parameter that does not fit the method's signature."""
    return EpicorError(400, REST, message)


def as_json(error: EpicorError) -> SandboxResponse:
    """The error as the REST layer writes it once a request is past the door."""
    detail = {"Message": error.message, "Type": "Error"}
    detail |= {"Table": error.table} if error.table else {}
    detail |= {"Field": error.column} if error.column else {}
    return SandboxResponse.json(
        error.status,
        {
            "HttpStatus": error.status,
            "ReasonPhrase": "REST API Exception",
            "ErrorMessage": error.message,
            "ErrorType": error.error_type,
            "ErrorDetails": [detail],
            "CorrelationId": str(uuid.uuid4()),
        },
    )


def as_xml(error: EpicorError) -> SandboxResponse:
    """The error as it is written when the caller is turned away at the door, whatever it accepts."""
    status = HTTPStatus(error.status).phrase.replace(" ", "")
    body = (
        f"<ApiExceptionResponse><HttpStatus>{status}</HttpStatus>"
        "<ReasonPhrase>REST API Exception</ReasonPhrase>"
        f"<ErrorMessage>{escape(error.message)}</ErrorMessage><ErrorType>{error.error_type}</ErrorType>"
        f"<CorrelationId>{uuid.uuid4()}</CorrelationId></ApiExceptionResponse>"
    )
    return SandboxResponse(status=error.status, body=body.encode(), content_type="application/xml")
