"""What a member agreed to, and what they say now, as the GraphQL door shows it; decides nothing."""

from __future__ import annotations

from datetime import datetime

import strawberry

from loyalty_plugin.domain.consents import Answer, ConsentChannel
from loyalty_plugin.queries.consents import ConsentView

ConsentChannelType = strawberry.enum(
    ConsentChannel,
    name="LoyaltyConsentChannel",
    description="A way to reach somebody. Each is agreed to by itself.",
)


@strawberry.type(name="LoyaltyConsent", description="The newest answer for one channel.")
class ConsentType:
    channel: ConsentChannelType = strawberry.field(description="The channel.")  # type: ignore[valid-type]
    given: bool = strawberry.field(description="Whether news may be sent by it.")
    at: datetime = strawberry.field(description="When that was said.")
    wording: str = strawberry.field(description="The words that were read, empty where there were none.")
    language: str = strawberry.field(description="Their language.")


@strawberry.input(name="LoyaltyConsentInput", description="An answer for one channel.")
class ConsentInput:
    channel: ConsentChannelType = strawberry.field(description="The channel.")  # type: ignore[valid-type]
    given: bool = strawberry.field(description="True to agree, false to take it back.")
    wording: str = strawberry.field(
        default="", description="What the member read, word by word; needed to agree."
    )
    language: str = strawberry.field(default="", description="Its language, a tag such as zh-hans.")


def consent(view: ConsentView) -> ConsentType:
    """A view of an answer as a type."""
    return ConsentType(
        channel=view.channel, given=view.given, at=view.at, wording=view.wording, language=view.language
    )


def answers(inputs: list[ConsentInput]) -> list[Answer]:
    """Answers as the services take them."""
    return [Answer(ConsentChannel(one.channel), one.given, one.wording, one.language) for one in inputs]
