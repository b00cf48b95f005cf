"""Real dialogues without times as files for `parlance import`.

- weibo-stc3: customers and help desks on Weibo, in Chinese, and some of them translated into English by hand. Turns in their order;
  a turn is one or more posts of its side.
- multidogo: what customers wrote in chats with six desks. The desks' turns are not in the data; turn numbers are.

The times are invented, because there are none: dialogue n of a file begins at BEGIN plus n minutes, and what is said in place k
of it, or in turn k where turns have numbers, k seconds later. A post that is empty stood for a picture that is not in the
data either: it becomes the text PICTURE.
"""

import csv
import io
import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

from desk import rfc3339

BEGIN = datetime(2018, 5, 7, tzinfo=timezone.utc)
PICTURE = "[picture]"
WEIBO = {"zh-Hans": ("train_data_cn.json", "test_data_cn.json"), "en": ("train_data_en.json", "test_data_en.json")}
DOGO = ("airline", "fastfood", "finance", "insurance", "media", "software")
DOGO_PARTS = ("train", "dev", "test")


def unpacked(path):
    return subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout.decode("utf-8")


def weibo(shared, language):
    """[(dialogue's id, [(by customer?, text)])], or None where the data is not there."""
    folder = os.path.join(shared, "cs-dialogues", "weibo-stc3") if shared else ""
    if not os.path.isdir(folder):
        return None
    out = []
    for name in WEIBO[language]:
        for dialogue in json.loads(unpacked(os.path.join(folder, name + ".zst"))):
            said = [(turn["sender"] == "customer", text if text.strip() else PICTURE)
                    for turn in dialogue["turns"] for text in turn["utterances"]]
            out.append((dialogue["id"], said))
    return out


def dogo(shared, desk):
    """[(chat's id, [(turn's number, text)])], or None where the data is not there."""
    folder = os.path.join(shared, "cs-dialogues", "multidogo", desk) if shared else ""
    if not os.path.isdir(folder):
        return None
    chats = {}
    for part in DOGO_PARTS:
        text = io.StringIO(unpacked(os.path.join(folder, part + ".tsv.zst")), newline="")
        for row in csv.DictReader(text, delimiter="\t"):
            chats.setdefault(row["conversationId"], []).append((int(float(row["turnNumber"])), row["utterance"]))
    return list(chats.items())


def message(channel, account, address, ident, text, at, **more):
    return {"channel": channel, "account": account, "message_id": ident, "from": {"address": address}, "text": text,
            "occurred_at": rfc3339(at), **more}


def weibo_lines(language, dialogues):
    helper = f"desk {language}"
    yield {"path": "/v1/agents", "id": helper, "name": helper}
    for n, (ident, said) in enumerate(dialogues):
        name = f"{language} {ident}"
        for k, (by_customer, text) in enumerate(said):
            at = BEGIN + timedelta(minutes=n, seconds=k)
            if by_customer or k == 0:
                yield message("social", f"weibo {language}", ident, f"{name}/{k}", text, at, language=language,
                              **({"id": name} if k == 0 else {}))
            else:
                yield {"path": "/v1/conversations/{%s}/reply" % name, "as": "{%s}" % helper, "text": text, "occurred_at": rfc3339(at),
                       "id": f"{name}/{k}"}


def dogo_lines(desk, chats):
    for n, (ident, said) in enumerate(chats):
        for turn, text in said:
            at = BEGIN + timedelta(minutes=n, seconds=turn)
            yield message("chat", desk, ident, f"{ident}/{turn}", text if text.strip() else PICTURE, at)
