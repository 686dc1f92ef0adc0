"""The frames of neffos, written from neffos/PROTOCOL.md alone."""

from dataclasses import dataclass

ESCAPED = "@%!semicolon@%!"


@dataclass
class Message:
    wait: str = ""
    namespace: str = ""
    room: str = ""
    event: str = ""
    error: str | None = None
    no_op: bool = False
    body: str | bytes = ""


def encode(message):
    """Writes a frame: text, or bytes where the body is bytes."""
    names = [message.namespace, message.room, message.event]
    fields = [message.wait, *(name.replace(";", ESCAPED) for name in names)]
    fields += ["0" if message.error is None else "1", "1" if message.no_op else "0", ""]
    head, body = ";".join(fields), message.body if message.error is None else message.error
    return head + body if isinstance(body, str) else head.encode() + body


def decode(frame):
    """Reads a frame; returns None for one that is not valid."""
    *head, body = frame.split(";" if isinstance(frame, str) else b";", 6)
    try:
        fields = [field if isinstance(field, str) else field.decode() for field in head]
        wait, namespace, room, event, is_error, no_op = fields
    except ValueError:  # too few fields, or a header that is not UTF-8
        return None
    names = (name.replace(ESCAPED, ";") for name in (namespace, room, event))
    if is_error != "1" or not body:
        return Message(wait, *names, None, no_op == "1", body)
    error = body if isinstance(body, str) else body.decode(errors="replace")
    return Message(wait, *names, error, no_op == "1")
