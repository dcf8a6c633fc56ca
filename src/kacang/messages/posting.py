"""Handing a mail to the SMTP server, and understanding why it would not take it."""

import smtplib
from collections.abc import Callable
from email.utils import formataddr, make_msgid, parseaddr

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection

from kacang.messages.ports import NotSent, SmsSender, Taken, TextMessage
from kacang.messages.rendering import Mail

PERMANENT = range(500, 600)
log = structlog.get_logger()


class NotPosted(Exception):
    """The server did not take a mail. `reason` is a code, perhaps with the server's number."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


def is_configured() -> bool:
    """Whether the operator has named an SMTP server."""
    return bool(settings.EMAIL_HOST)


def post(
    *, uid: str, sender_name: str, recipient: str, mail: Mail, unsubscribe_url: str = ""
) -> None:
    """Send one mail. Must not run inside a transaction (L18).

    `unsubscribe_url`: where a POST alone ends such mails (RFC 8058); "": there is no such thing.

    Raises:
        NotPosted: It was not taken: for good (a wrong address, no server named), or for now.
    """
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")
    if not is_configured():
        raise NotPosted("not_configured", is_final=True)
    message = _message(uid, sender_name, recipient, mail)
    if unsubscribe_url:
        message.extra_headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _guarded(message.send)


def post_text(*, sender: SmsSender, message: TextMessage) -> Taken:
    """Send one text message by a company. Not inside a transaction (L18).

    Raises:
        NotPosted: It was not taken: for good (a number that is none), or for now.
    """
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")
    try:
        return sender.send(message) or Taken()
    except NotSent as problem:
        raise NotPosted(problem.reason, is_final=problem.is_final) from problem
    except Exception as error:
        # Whatever an outside package raises, the message is not lost: it is tried again.
        log.exception("sms_sender_failed", sender=sender.name)
        raise NotPosted("not_reached", is_final=False) from error


def _message(uid: str, sender_name: str, recipient: str, mail: Mail) -> EmailMultiAlternatives:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    domain = address.rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr((" ".join(sender_name.split()), address)),
        to=[recipient],
        headers={
            # The same for every try: a server that took it twice can tell.
            "Message-ID": f"<{uid}@{domain}>" if uid else make_msgid(domain=domain),
            "Auto-Submitted": "auto-generated",
        },
        connection=_server(),
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _server() -> EmailBackend:
    return EmailBackend(
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        timeout=settings.EMAIL_TIMEOUT,
        fail_silently=False,
    )


def _guarded(send: Callable[[], object]) -> None:
    try:
        send()
    except smtplib.SMTPRecipientsRefused as error:
        number = max((code for code, _ in error.recipients.values()), default=0)
        raise NotPosted(f"refused {number}", is_final=number in PERMANENT) from error
    except smtplib.SMTPAuthenticationError as error:
        # The operator mends this; the mail waits meanwhile.
        raise NotPosted(f"login {error.smtp_code}", is_final=False) from error
    except smtplib.SMTPResponseException as error:
        is_final = error.smtp_code in PERMANENT
        raise NotPosted(f"refused {error.smtp_code}", is_final=is_final) from error
    except TimeoutError as error:
        raise NotPosted("timeout", is_final=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotPosted("not_reached", is_final=False) from error
    except ValueError as error:  # a line break in a header, an address that is none
        raise NotPosted("malformed", is_final=True) from error
