"""What leads write back, through the whole product: the mail's Reply-To, Inbound Parse, the workflow, the rep."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.conftest import write_folder
from tests.e2e.shared import handle, lines, person
from tests.e2e.whole import Whole, patiently

SCENARIO = """\
scenario: invite
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 5d}
    then: [{when: opened, go: second}, {otherwise: bye}]
  second: {send: mail_b, wait: 5d, then: bye}
  bye: {finish: bye}
"""
SECRET_WORDS = "我が社の予算は三百万円です"


def hand_in(nurture: Whole, secret: str, mail: dict[str, Any], text: str, **headers: str) -> str:
    """What the provider posts when somebody answers a mail; ISO-2022-JP, as many Japanese programs write."""
    told = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    fields: dict[str, str | bytes] = {
        "headers": f"From: {mail['to']}\nMessage-ID: <{mail['id']}@reader.example>\n{told}",
        "to": mail["headers"]["Reply-To"],
        "from": mail["to"],
        "subject": f"Re: {mail['subject']}",
        "text": text.encode("iso-2022-jp"),
        "charsets": json.dumps({"text": "ISO-2022-JP"}),
        "envelope": json.dumps({"to": [mail["headers"]["Reply-To"]], "from": mail["to"]}),
    }
    answer = httpx.post(
        f"{nurture.web}/webhooks/inbound/{secret}",
        files={name: (None, value) for name, value in fields.items()},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["taken"])


def payloads(history: object) -> Iterator[bytes]:
    """What Temporal keeps of a workflow, decoded."""
    match history:
        case {"data": str(data)}:
            yield base64.b64decode(data)
        case dict():
            for each in history.values():
                yield from payloads(each)
        case list():
            for each in history:
                yield from payloads(each)


async def test_letters_reach_sales_wishes_are_heeded_and_machines_ignored(
    whole: Callable[..., Whole], tmp_path: Path
) -> None:
    """A letter ends the scenario and makes a task; 配信停止 ends it without one; out of office changes nothing."""
    nurture = whole(environment={"NURTURE_REPLY_DOMAIN": "reply.example.com"})
    nurture.start()
    folder = write_folder(tmp_path / "scenarios", SCENARIO)
    deployed = nurture.run("deploy", str(folder))
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    secret = nurture.run("keys", "add", "--role", "inbound", "--name", "provider").stdout.strip()
    for name in ("writes", "leaves", "away"):
        nurture.post("/api/leads", person(name))
    nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["writes", "leaves", "away"]})
    mails = {name: nurture.mail(f"{name}@example.com") for name in ("writes", "leaves", "away")}
    for name in mails:
        nurture.lead(name, status="waiting", step="first")

    assert hand_in(nurture, secret, mails["writes"], SECRET_WORDS) == "written"
    assert hand_in(nurture, secret, mails["leaves"], "配信停止をお願いします。") == "opt_out"
    assert hand_in(nurture, secret, mails["away"], "休暇中です", Auto_Submitted="auto-replied") == "automatic"

    nurture.lead("writes", status="with_sales", scenario=None)
    nurture.lead("leaves", status="idle", scenario=None)
    (task,) = patiently(lambda: list(nurture.all("/api/handoffs?state=open")))
    assert (task["lead"], task["queue"], task["reasons"]) == ("writes", "inside", ["replied: mail_a"])
    (letter,) = nurture.all("/api/leads/writes/replies")
    assert (letter["words"], letter["kind"]) == (SECRET_WORDS, "written")
    assert ("finished", "replied") in lines(nurture, "writes", "what", "subject")
    assert ("finished", "unsubscribed") in lines(nurture, "leaves", "what", "subject")
    assert "reply_ignored" in lines(nurture, "away", "what")
    nurture.lead("away", status="waiting", step="first")

    # the step waits for an open, which a letter proves: and yet no further mail goes to who has written
    refused = nurture.post("/api/enrollments", {"scenario": "invite", "leads": ["leaves"]}).json()["refused"]
    assert [each["lead"] for each in refused] == ["leaves"]
    assert [len(nurture.mails(f"{name}@example.com")) for name in mails] == [1, 1, 1]
    history = b"\n".join(payloads((await (await handle(nurture, "writes")).fetch_history()).to_json_dict())).decode()
    assert "replied: mail_a" in history
    logs = "".join(log.read_text(encoding="utf-8") for log in (nurture.home / "log").glob("*.log"))
    for kept in (SECRET_WORDS, json.dumps(SECRET_WORDS)[1:-1], "writes@example.com", secret):
        assert kept not in history + logs
    assert nurture.stop() == 0
