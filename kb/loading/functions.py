"""The functions that a mapping may call, as macros of DuckDB; a query may use the macros by their own names.

In a term map a value that a function can't read rejects its row; in a query it is NULL, as with TRY_CAST.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import MappingError

_ONTOLOGY = "https://w3id.org/commerce-kb/onto#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_HMAC_BLOCK = 64


@dataclass(frozen=True)
class Function:
    """A macro, its parameters (the first, the value, must be given), the datatype it makes, what it reads."""

    macro: str
    parameters: tuple[str, ...]
    datatype: str | None
    reads: str

    def sql(self, arguments: Mapping[str, str]) -> str:
        """The call of the macro over argument SQL, by parameter name."""
        given = ", ".join(arguments.get(name, "NULL") for name in self.parameters)
        return f"{self.macro}({given})"


FUNCTIONS = {
    f"{_ONTOLOGY}pseudonym": Function("ckb_pseudonym", ("value",), None, "an identifier"),
    f"{_ONTOLOGY}gtin14": Function("ckb_gtin14", ("value",), None, "a GTIN of 8, 12, 13 or 14 digits"),
    f"{_ONTOLOGY}number": Function("ckb_number", ("value",), f"{_XSD}decimal", "a number"),
    f"{_ONTOLOGY}timestamp": Function(
        "ckb_timestamp", ("value", "format"), f"{_XSD}dateTime", "a date and time"
    ),
}


def function(iri: str, arguments: Mapping[str, object], where: str) -> Function:
    """The function of this IRI; MappingError where it, or one of its parameters, is not known."""
    found = FUNCTIONS.get(iri)
    if found is None:
        names = ", ".join(name.replace(_ONTOLOGY, "ckb:") for name in FUNCTIONS)
        raise MappingError(f"There is no function <{iri}>", where=where, hint=f"use one of {names}")
    if found.parameters[0] not in arguments or not set(arguments) <= set(found.parameters):
        names = ", ".join(f"ckb:{name}" for name in found.parameters)
        raise MappingError(
            f"<{iri}> takes {names}, of which ckb:{found.parameters[0]} must be given", where=where
        )
    return found


def macros(secret: bytes | None) -> list[str]:
    """The CREATE MACRO statements; without a secret a pseudonym is an error when it is asked for."""
    return [
        "CREATE TEMP MACRO ckb_gtin14(x) AS CASE WHEN regexp_full_match(regexp_replace(x, '[ -]', '', 'g'),"
        " '[0-9]{8}|[0-9]{12,14}') THEN lpad(regexp_replace(x, '[ -]', '', 'g'), 14, '0') END",
        # the sign and digits, times the power of ten that the last letter names
        "CREATE TEMP MACRO ckb_plain(x) AS rtrim(rtrim(x, '0'), '.')",
        "CREATE TEMP MACRO ckb_decimal(digits, unit) AS CAST(TRY_CAST(digits AS DECIMAL(30, 6)) * CASE upper(unit)"
        " WHEN 'K' THEN 1000 WHEN 'M' THEN 1000000 WHEN 'B' THEN 1000000000"
        " WHEN '万' THEN 10000 WHEN '亿' THEN 100000000"
        " ELSE 1 END / CASE unit WHEN '%' THEN 100 ELSE 1 END AS DECIMAL(38, 8))",
        "CREATE TEMP MACRO ckb_number(x) AS CASE"
        " WHEN regexp_full_match(x, ' *[+-]?([0-9][0-9,]*)?(\\.?[0-9]+)? *[kKmMbB万亿%]? *')"
        " AND regexp_matches(x, '[0-9]')"
        " THEN ckb_plain(CAST(ckb_decimal(regexp_extract(replace(x, ',', ''), '[+-]?[0-9.]+'),"
        " regexp_extract(x, '[kKmMbB万亿%]')) AS VARCHAR))"
        " WHEN regexp_full_match(x, '[+-]?[0-9]+(\\.[0-9]+)?[eE][+-]?[0-9]+')"
        " THEN ckb_plain(CAST(TRY_CAST(TRY_CAST(x AS DOUBLE) AS DECIMAL(38, 8)) AS VARCHAR)) END",
        "CREATE TEMP MACRO ckb_timestamp(x, format := NULL) AS strftime(CASE WHEN format IS NULL"
        " THEN TRY_CAST(x AS TIMESTAMP) ELSE try_strptime(x, format) END, '%Y-%m-%dT%H:%M:%S')",
        _pseudonym(secret),
    ]


def _pseudonym(secret: bytes | None) -> str:
    """HMAC-SHA-256 (RFC 2104), its first 130 bits as 26 characters in base32 (RFC 4648), lower case."""
    if secret is None:
        return (
            "CREATE TEMP MACRO ckb_pseudonym(x) AS CASE WHEN x IS NOT NULL"
            " THEN error('a pseudonym needs the secret of the store: set KB_BUYER_SECRET') END"
        )
    key = secret.ljust(_HMAC_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key).hex() for pad in (0x36, 0x5C))
    digest = f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(x))))"
    letters = " || ".join(_letter(index) for index in range(26))
    return (
        f"CREATE TEMP MACRO ckb_pseudonym(x) AS CASE WHEN x IS NOT NULL THEN"
        f" list_transform([{digest}], lambda h: {letters})[1] END"
    )


def _letter(index: int) -> str:
    """The SQL of one base32 character: five bits of the hexadecimal digest `h`, cut from a window of two digits."""
    digit, offset = divmod(5 * index, 4)
    window = f"('0x' || substr(h, {digit + 1}, 2))::UTINYINT"
    return f"substr('{_BASE32}', 1 + (({window} >> {3 - offset}) & 31)::INT, 1)"
