"""Read the tables `messages` and `reactions`. Only the workflow `deliver` writes them."""

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from functions.aws import sealed_texts
from functions.aws.clients import table
from functions.aws.clock import now_ms
from functions.aws.reads import paginate
from functions.aws.rows import read, readable
from functions.chat.folding import contains_words, words_of
from functions.chat.messages import count_reactions
from functions.contract.events import trace_id
from functions.contract.model import Person, timestamp
from functions.contract.resources import Message, MessagePage, ReactionCount
from functions.contract.rows import MessageRow, ReactionRow

MAX_MESSAGES_PER_SEARCH = 1000
MAX_MENTIONS_READ = 500
"""The most unread messages of a channel that mention any user, of which the caller's are found."""
MAX_UNREAD_MENTIONS = 100


def get(messages_table: str, channel_id: str, seq: int) -> Message | None:
    """Return a message without its reactions and with its text as stored (strongly consistent read).

    None if there is none, or if its row is unreadable.
    """
    return _first(_stored(messages_table, channel_id, seq))


def get_opened(messages_table: str, text_keys_table: str, channel_id: str, seq: int) -> Message | None:
    """Return a message as `get` does, with its text opened."""
    return _first(
        sealed_texts.opened_rows(text_keys_table, _stored(messages_table, channel_id, seq), now_ms=now_ms())
    )


def page(
    messages_table: str,
    reactions_table: str,
    text_keys_table: str,
    channel_id: str,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> MessagePage:
    """Return messages in ascending order of seq: the first ones after a seq, or the last ones (before a seq)."""
    condition: ConditionBase = Key("channelId").eq(channel_id)
    if after is not None:
        condition &= Key("seq").gt(after)
    elif before is not None:
        condition &= Key("seq").lt(before)
    answer = table(messages_table).query(
        KeyConditionExpression=condition, ScanIndexForward=after is not None, Limit=limit + 1, ConsistentRead=True
    )
    rows = sealed_texts.opened_rows(text_keys_table, answer["Items"][:limit], now_ms=now_ms())
    has_more = len(answer["Items"]) > limit or "LastEvaluatedKey" in answer
    return MessagePage(items=_messages(reactions_table, channel_id, rows), has_more=has_more)


def search(
    messages_table: str,
    reactions_table: str,
    text_keys_table: str,
    channel_id: str,
    term: str,
    *,
    limit: int,
    before: int | None = None,
) -> MessagePage:
    """Return the newest messages that contain all words of a term. `searched_to` is `before` for the next call.

    One call reads at most a thousand messages, so its cost does not depend on the size of the channel. Their texts
    are opened and folded here and not when they are stored, so one rule holds for messages of every age.
    """
    condition: ConditionBase = Key("channelId").eq(channel_id)
    if before is not None:
        condition &= Key("seq").lt(before)
    answer = table(messages_table).query(
        KeyConditionExpression=condition,
        FilterExpression=Attr("deletedAt").not_exists(),
        ScanIndexForward=False,
        Limit=MAX_MESSAGES_PER_SEARCH,
        ConsistentRead=True,
    )
    words = words_of(term)
    readable_texts = sealed_texts.opened_rows(text_keys_table, answer["Items"], now_ms=now_ms())
    found = [row for row in readable_texts if contains_words(str(row.get("text", "")), words)]
    rows = found[:limit]
    last = answer.get("LastEvaluatedKey")
    if len(found) > limit:
        searched_to: int | None = int(str(rows[-1]["seq"]))
    else:
        searched_to = int(str(last["seq"])) if last else None
    return MessagePage(
        items=_messages(reactions_table, channel_id, rows),
        has_more=searched_to is not None,
        searched_to=searched_to,
    )


def unread_mentions(messages_table: str, channel_id: str, username: str, *, read_seq: int) -> tuple[int, ...]:
    """Return the seqs after a read marker of messages that mention a user: the newest, ascending.

    The index has only messages that mention users. It is eventually consistent.
    """
    found = table(messages_table).query(
        IndexName="byMention",
        KeyConditionExpression=Key("channelId").eq(channel_id) & Key("mentionSeq").gt(read_seq),
        FilterExpression=Attr("mentions").contains(username.lower()),
        ScanIndexForward=False,
        Limit=MAX_MENTIONS_READ,
    )
    return tuple(sorted(int(str(row["mentionSeq"])) for row in found["Items"][:MAX_UNREAD_MENTIONS]))


def _messages(reactions_table: str, channel_id: str, rows: Sequence[Any]) -> tuple[Message, ...]:
    ascending = sorted(rows, key=lambda row: int(row["seq"]))
    if not ascending:
        return ()
    reactions = _reactions(reactions_table, channel_id, int(ascending[0]["seq"]), int(ascending[-1]["seq"]))
    parsed = [(int(row["seq"]), read(MessageRow, row)) for row in ascending]
    times = [row.sent_at for _, row in parsed if row]
    shown: list[Message] = []
    for seq, row in parsed:
        if row is not None:
            shown.append(_message(row, reactions.get(seq, ())))
        else:
            # The time of a neighbour, so that the message does not begin another day.
            at = shown[-1].sent_at if shown else next(iter(times), timestamp(0))
            shown.append(_unreadable(channel_id, seq, at))
    return tuple(shown)


def _reactions(
    reactions_table: str, channel_id: str, first: int, last: int
) -> dict[int, tuple[ReactionCount, ...]]:
    rows = paginate(
        table(reactions_table).query,
        KeyConditionExpression=Key("channelId").eq(channel_id)
        & Key("reactionKey").between(f"{first:012d}#", f"{last:012d}$"),
        FilterExpression=Attr("present").eq(True),
        ConsistentRead=True,
    )
    in_order = sorted((row.seq, row.reacted_at, row.emoji, row.user_id) for row in readable(ReactionRow, rows))
    return count_reactions([(seq, emoji, user_id) for seq, _, emoji, user_id in in_order])


def _message(row: MessageRow, reactions: tuple[ReactionCount, ...]) -> Message:
    return Message(
        channel_id=row.channel_id,
        seq=row.seq,
        message_id=row.message_id,
        client_message_id=row.client_message_id,
        sender=Person(user_id=row.sender_id, display_name=row.sender_name),
        text=row.text,
        mentions=tuple(sorted(row.mentions)) or None,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by,
        # The rows of its reactions are kept: the workflow may store one after the deletion.
        reactions=() if row.deleted_at else reactions,
        trace_id=trace_id(row.trace_header),
    )


def _stored(messages_table: str, channel_id: str, seq: int) -> list[dict[str, Any]]:
    """The row of a message, if there is one."""
    key: Any = {"channelId": channel_id, "seq": seq}
    item = table(messages_table).get_item(Key=key, ConsistentRead=True).get("Item")
    return [dict(item)] if item else []


def _first(rows: list[dict[str, Any]]) -> Message | None:
    """The message of the first row that is readable."""
    row = next(readable(MessageRow, rows), None)
    return _message(row, ()) if row else None


def _unreadable(channel_id: str, seq: int, at: str) -> Message:
    """The place of a message whose row cannot be read. Clients that do not know it show a removed message."""
    identity = f"unreadable-{seq}"
    return Message(
        channel_id=channel_id,
        seq=seq,
        message_id=identity,
        client_message_id=identity,
        sender=Person(user_id=identity, display_name="Unknown"),
        text="",
        sent_at=at,
        deleted_at=at,
        unreadable=True,
    )
