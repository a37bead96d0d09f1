"""The certificate that a twin shows: PEM files, tried before anybody connects."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path


class CertificateError(ValueError):
    """The files are no certificate with its key; the message names what to look at."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a certificate is.

    Args:
        chain: The certificate, and those between it and its authority.
        key: Its private key, without a password.
        authority: What clients have to trust, where that is in a file; for a certificate that signed itself, the certificate.

    Raises:
        CertificateError: One of the files is missing, or not what it should be.
    """

    chain: Path
    key: Path
    authority: Path | None = None

    def __post_init__(self) -> None:
        for path in (self.chain, self.key, self.authority):
            if path is not None and not path.is_file():
                raise CertificateError(f"{path} is not a file")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            server.load_cert_chain(self.chain, self.key, password=lambda: "")  # without an answer, OpenSSL asks at the terminal
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.chain} and {self.key} are not a certificate and its key, in PEM and without a password: {_reason(error)}") from error
        if self.authority is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(self.authority)
            except OSError as error:
                raise CertificateError(f"{self.authority} holds no certificate in PEM: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if isinstance(reason, str) else str(error)
