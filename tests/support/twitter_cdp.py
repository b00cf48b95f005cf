"""Real customer service on Twitter as what a channel delivered and what agents answered.

The data: IBM's twitter-customer-care-document-prediction (Apache-2.0), dev.json and test.json, zstd-compressed: 1,025
conversations of customers with 25 brands, 2018 to 2020. It holds real people's posts, so it stays where it is and is
never printed.

Each record has
  dialogHeader   sessionID, company, conversationDateTime, duration, messageCount
  dialogContent  the tweets in their order: tweet_ID, datetime (to the second), message, and the author's handle under
                 `client` (who opened it), `client1` (somebody else who joined, in 32 of them) or `agent` (the brand)
  agentURL       the brand's last answer, which dialogContent stops before: tweet_ID, url_utterance

How it becomes conversations here:
- The last answer's time is said to be conversationDateTime + duration, but duration has lost its whole days in about
  150 records and is negative or otherwise impossible in 50. A tweet's id holds its time to the millisecond, though, and
  agrees to the second with all 1,325 times that are given. So that is where the last answer's time comes from, cut to
  the second as the others are.
- Channel `social`; the account is the brand, the address the author's handle.
- A message's id is `session/tweet`: seven tweets stand in two records each, where two answers to one tweet were
  counted as two conversations, and one message cannot be in two.
- Somebody who joins writes into the conversation by its `thread`; the others' messages find it by their address.
- Ten customers wrote to the same brand twice, at times before the first conversation was over. There the first one is
  closed at its own last answer before the second comes in, as the desk would: what follows opens another one. All others are
  resolved at their last answer, which is what the data is: conversations that an article ended.
- An agent is one per brand's handle; one answer came from another brand's.
"""

import collections
import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone

from desk import parse_time, rfc3339

FILES = ("dev.json.zst", "test.json.zst")
CHANNEL = "social"


@dataclass(frozen=True)
class Message:
    tweet: str
    by: str  # "customer" (who opened it), "participant" or "agent"
    author: str  # the handle
    at: datetime
    text: str


@dataclass(frozen=True)
class Conversation:
    session: str
    brand: str
    messages: tuple  # in their order

    @property
    def requester(self):
        return self.messages[0].author


def load(shared):
    """The records as they are; None where the data is not there."""
    folder = os.path.join(shared, "cs-dialogues", "twitter-cdp") if shared else None
    if not folder or not all(os.path.exists(os.path.join(folder, file)) for file in FILES):
        return None
    records = []
    for file in FILES:
        unpacked = subprocess.run(["zstd", "-dc", os.path.join(folder, file)], capture_output=True, check=True)
        records += json.loads(unpacked.stdout)
    return records


def time_of_tweet(tweet):
    """A tweet's id counts milliseconds since Twitter's own epoch above its lowest 22 bits."""
    ms = (int(tweet) >> 22) + 1288834974657
    return datetime.fromtimestamp(ms // 1000, timezone.utc)


def convert(record):
    header, last = record["dialogHeader"], record["agentURL"]
    messages = []
    for tweet in record["dialogContent"]:
        key, by = next((k, by) for k, by in (("client", "customer"), ("client1", "participant"), ("agent", "agent"))
                       if k in tweet)
        messages.append(Message(tweet["tweet_ID"], by, tweet[key], parse_time(tweet["datetime"]), tweet["message"]))
    messages.append(Message(last["tweet_ID"], "agent", header["company"], time_of_tweet(last["tweet_ID"]),
                            last["url_utterance"]))
    return Conversation(header["sessionID"], header["company"], tuple(messages))


def lines_of(conversations):
    """Everything as lines of `parlance import`, with its own times; and which sessions are closed by a line of their own, because the
    same customer's next one begins before the desk would have closed them. All others are resolved at their last answer."""
    lines = [{"path": "/v1/agents", "id": handle, "name": handle}
             for handle in sorted({m.author for c in conversations for m in c.messages if m.by == "agent"})]
    of_customer = collections.defaultdict(list)
    for conversation in sorted(conversations, key=lambda c: c.messages[0].at):
        of_customer[conversation.brand, conversation.requester].append(conversation)
    closed = set()
    for theirs in of_customer.values():
        for conversation in theirs:
            for message in conversation.messages:
                ident = f"{conversation.session}/{message.tweet}"
                at = rfc3339(message.at)
                if message.by == "agent":
                    lines.append({"path": "/v1/conversations/{%s}/reply" % conversation.session, "as": "{%s}" % message.author,
                                  "text": message.text, "occurred_at": at})
                    continue
                line = {"channel": CHANNEL, "account": conversation.brand, "message_id": ident,
                        "from": {"address": message.author, "name": message.author}, "text": message.text, "occurred_at": at}
                if message is conversation.messages[0]:
                    line["id"] = conversation.session
                if message.by == "participant":
                    line["thread"] = "{%s}" % conversation.session
                lines.append(line)
            over = "resolve" if conversation is theirs[-1] else "close"
            lines.append({"path": "/v1/conversations/{%s}/%s" % (conversation.session, over),
                          "as": "{%s}" % conversation.messages[-1].author, "occurred_at": rfc3339(conversation.messages[-1].at)})
            if over == "close":
                closed.add(conversation.session)
    return lines, closed
