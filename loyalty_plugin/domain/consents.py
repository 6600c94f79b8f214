"""What a person may agree to be told through, and one answer of theirs; whether it may be used is the queries' to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from loyalty_plugin.errors import InvalidInput

#: Characters of a wording: a paragraph, not a contract.
LONGEST: Final = 2000
#: As long as a language tag is kept.
LONGEST_LANGUAGE: Final = 16


class ConsentChannel(StrEnum):
    """A way to reach somebody. Each is agreed to by itself."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    POST = "post"
    PUSH = "push"
    WECHAT = "wechat"


class JoinSource(StrEnum):
    """How somebody came to join, where they or staff did it; customers of the shop may join without asking, too."""

    STOREFRONT = "storefront"
    CHECKOUT = "checkout"
    COUNTER = "counter"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `given`, or withdrawn. `wording` is what the person read, word by word, in `language`."""

    channel: ConsentChannel
    given: bool
    wording: str = ""
    language: str = ""


def check_answers(answers: Sequence[Answer]) -> None:
    """Raises InvalidInput for a channel answered twice, and for a consent to no words, to too many, or
    in a language that is none."""
    channels = [answer.channel for answer in answers]
    if len(channels) != len(set(channels)):
        raise InvalidInput(consents="repeated")
    for answer in answers:
        if answer.given and not answer.wording.strip():
            raise InvalidInput(consents="wording_missing", channel=answer.channel.value)
        if len(answer.wording) > LONGEST:
            raise InvalidInput(consents="wording_too_long", channel=answer.channel.value)
        if len(answer.language) > LONGEST_LANGUAGE:
            raise InvalidInput(consents="language_too_long", channel=answer.channel.value)
