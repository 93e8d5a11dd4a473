"""Certificates of an invented authority, for servers of tests that speak TLS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server.example")])
_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])


@dataclass(frozen=True)
class Certificate:
    """``authority``: what a client has to trust; ``chain``: the server's key and certificate in one file."""

    authority: Path
    chain: Path


def write_certificate(folder: Path, *, until: datetime, address: str = "127.0.0.1") -> Certificate:
    """Good until then, for a server at that IP address."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = until - 90 * DAY
    authority = (
        _begin(_AUTHORITY, _AUTHORITY, authority_key.public_key(), begin, datetime.now(UTC) + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    served = (
        _begin(_NAME, _AUTHORITY, key.public_key(), begin, until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = Certificate(folder / "authority.pem", folder / "server.pem")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.chain.write_bytes(private + served.public_bytes(serialization.Encoding.PEM))
    return made


def _begin(name: x509.Name, issuer: x509.Name, key: Any, begin: datetime, until: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(until)
