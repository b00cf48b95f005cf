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
  closed at its own last answer before the second comes in, as the desk would: what follows opens another one.
- An agent is one per brand's handle, named in each reply; one answer came from another brand's.
"""

import collections
import concurrent.futures
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


@dataclass
class Imported:
    conversations: dict  # session -> id
    closed: set  # sessions that were closed so that the same customer's next one is another
    agents: dict  # handle -> id
    positions: list  # the last of each customer
    commands: int = 0
    replayed: int = 0  # of them, how many the server had carried out before


def bring_in(desk, conversations, clients=8):
    """Posts everything with its own times; what one customer wrote to one brand goes in in its order. May be repeated."""
    imported = Imported({}, set(), {}, [])

    def command(path, body, key=None):
        answer = desk.call("POST", path, body, key=key)
        assert answer.status in (200, 201), f"{path} {key}: {answer}"
        return answer

    answers = []
    for handle in sorted({m.author for c in conversations for m in c.messages if m.by == "agent"}):
        answers.append(command("/v1/agents", {"name": handle}, key=f"agent {handle}"))
        imported.agents[handle] = answers[-1].body["id"]

    of_customer = collections.defaultdict(list)
    for conversation in sorted(conversations, key=lambda c: c.messages[0].at):
        of_customer[conversation.brand, conversation.requester].append(conversation)

    def bring_in_customer(theirs):
        said = []
        for conversation in theirs:
            there = None
            for message in conversation.messages:
                ident = f"{conversation.session}/{message.tweet}"
                at = rfc3339(message.at)
                if message.by == "agent":
                    said.append(command(f"/v1/conversations/{there}/reply", {
                        "text": message.text, "agent": imported.agents[message.author], "occurred_at": at}, key=ident))
                    continue
                body = {"channel": CHANNEL, "account": conversation.brand, "message_id": ident,
                        "from": {"address": message.author, "name": message.author}, "text": message.text,
                        "occurred_at": at}
                if message.by == "participant":
                    body["thread"] = there
                said.append(command("/v1/inbound", body))
                there = there or said[-1].body["conversation"]
            imported.conversations[conversation.session] = there
            if conversation is not theirs[-1]:
                imported.closed.add(conversation.session)
                said.append(command(f"/v1/conversations/{there}/close", {
                    "occurred_at": rfc3339(conversation.messages[-1].at)}, key=f"{conversation.session} close"))
        imported.positions.append(said[-1].body["position"])
        return said

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for said in pool.map(bring_in_customer, of_customer.values()):
            answers += said
    imported.commands = len(answers)
    imported.replayed = sum("idempotency-replayed" in answer.headers for answer in answers)
    return imported
