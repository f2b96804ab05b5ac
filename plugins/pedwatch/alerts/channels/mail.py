"""Mail as a channel of the outbox: a message per word, threaded by Message-ID, through an Airflow SMTP connection.

There is nothing to edit or read back. A word that may have been sent is sent again under the same Message-ID, of which
mail programs show one.
"""

import functools
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import Found, Outcome, SendError

_DOMAIN = "pedwatch.invalid"


class MailChannel:
    """Sends through the SMTP server of an Airflow connection.

    Args:
        connection: Airflow connection of type smtp: host, port, login, password; extras ``from_email``, ``timeout``,
            ``disable_ssl``, ``disable_tls``, as the SMTP provider has them.
    """

    def __init__(self, connection: str) -> None:
        from airflow.sdk import BaseHook

        self._connection: Any = BaseHook.get_connection(connection)
        self._extra: dict[str, Any] = self._connection.extra_dejson
        self.timeout_seconds = float(self._extra.get("timeout", 10))

    @functools.cache  # noqa: B019 as long as the channel: reading what a machine trusts takes longer than a mail
    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _client(self) -> smtplib.SMTP:
        host, port = self._connection.host, self._connection.port
        if not _is_true(self._extra.get("disable_ssl")):
            return smtplib.SMTP_SSL(host, port or 465, timeout=self.timeout_seconds, context=self._trusted())
        client = smtplib.SMTP(host, port or 587, timeout=self.timeout_seconds)
        if not _is_true(self._extra.get("disable_tls")):
            client.starttls(context=self._trusted())
        return client

    def _login(self) -> smtplib.SMTP:
        """Connect and sign in; what fails here fails for every message, and nothing has been sent."""
        try:
            client = self._client()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise SendError("later", f"smtp: {type(error).__name__}", holds_channel=True) from None
        try:
            if self._connection.login:
                client.login(self._connection.login, self._connection.password or "")
        except (OSError, smtplib.SMTPException, ValueError) as error:
            client.close()
            is_refused = isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPNotSupportedError | ValueError)
            what = "login refused: mend the connection" if is_refused else type(error).__name__
            raise SendError("later", f"smtp: {what}", holds_channel=True) from None
        return client

    def _send(self, mail: EmailMessage) -> None:
        client = self._login()
        try:
            client.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            is_final = all(_is_refusal(code) for code in codes)
            raise SendError("dead" if is_final else "later", f"smtp: recipient refused {sorted(codes)}") from None
        except smtplib.SMTPSenderRefused as error:
            what = f"smtp: sender refused {error.smtp_code}: mend from_email of the connection"
            raise SendError("later", what, holds_channel=True) from None
        except smtplib.SMTPNotSupportedError:
            what = "smtp: the mail server takes no addresses with other letters than ASCII's: name another address"
            raise SendError("dead", what) from None
        except smtplib.SMTPDataError as error:
            if not 400 <= error.smtp_code < 600:  # no answer of a mail server: it may have taken the mail
                raise SendError("ambiguous", "smtp: an answer that is none") from None
            outcome: Outcome = "dead" if _is_refusal(error.smtp_code) else "later"
            raise SendError(outcome, f"smtp: refused {error.smtp_code}") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:  # broken while the message was on its way
            raise SendError("ambiguous", f"smtp: {type(error).__name__}") from None
        finally:
            client.close()

    def _mail(self, target: str, message: Message, text: str, payload: Mapping[str, str]) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = _one_line(f"[pedwatch] {message.title}: {message.summary}")[:200]
        mail["From"] = self._extra.get("from_email") or self._connection.login or f"pedwatch@{_DOMAIN}"
        mail["To"] = _address(target.partition(":")[2])
        mail["Message-ID"] = f"<{payload['notification_id']}@{_DOMAIN}>"
        mail["Auto-Submitted"] = "auto-generated"
        links = [f"{label}: {url}" for label, url in message.links]
        mail.set_content("\n\n".join([text, *(["\n".join(links)] if links else [])]))
        return mail

    def post(self, target: str, message: Message, payload: Mapping[str, str]) -> str:
        """Send the first mail of a thread and return its Message-ID."""
        mail = self._mail(target, message, message.text, payload)
        self._send(mail)
        return str(mail["Message-ID"])

    def reply(self, target: str, parent_ts: str, message: Message, payload: Mapping[str, str]) -> str:
        """Send a mail that answers the first one and return its Message-ID."""
        thread = f"{message.thread}\n\n" if message.thread else ""
        mail = self._mail(target, message, f"{thread}{message.text}", payload)
        mail["In-Reply-To"] = mail["References"] = parent_ts
        self._send(mail)
        return str(mail["Message-ID"])

    def edit(self, target: str, ts: str, message: Message) -> None:
        """Do nothing: a mail that was sent stays as it is, and the next one tells the rest."""

    def find(self, target: str, payload: Mapping[str, str], oldest: float, parents: Sequence[str]) -> Found | None:
        """Find nothing: it is sent again under the same Message-ID."""

    def permalink(self, target: str, ts: str) -> str | None:
        """Know no link."""
        return None


def _is_refusal(code: int) -> bool:
    return 500 <= code < 600


def _address(address: str) -> str:
    """Return an address whose domain is written as domain name servers know it."""
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.encode('idna').decode()}"


def _one_line(text: str) -> str:
    return "".join(ch if ch.isprintable() else " " for ch in text)


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")
