"""Currencies: which codes are in use."""

from typing import Final

from engine.mapping.filters.spec import Example, FilterSpec, Kind

CODES: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR
FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES
KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS
UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
"""ISO 4217, as ``schemas/common/currency-in-use.yaml`` has them for contracts."""

IN_USE: Final = frozenset(CODES.split())


def valid_currency(value: str) -> str | None:
    """The code in capitals; None for one that isn't in use."""
    code = value.strip().upper()
    return code if code in IN_USE else None


FILTERS: Final = (
    FilterSpec(
        "valid_currency",
        "a currency's code in capitals if it is in use (ISO 4217), else missing",
        Kind.TEXT,
        Kind.TEXT,
        valid_currency,
        (Example("cop", "COP"), Example("ABC", None), Example("$", None)),
        may_be_missing=True,
        lenient=True,
    ),
)
