"""Examples of the reference, one or more per model: whole small files that pass the check in the sample folder.

`«English|日本語»` is text that people read. The first line of a file with a fixed name says which file it is.
"""

from __future__ import annotations

import re

_TEXT = re.compile(r"«(?P<en>[^|»]*)\|(?P<ja>[^»]*)»")


def example(model: str, language: str) -> tuple[str, ...]:
    """The YAML (or template) of a model's examples in one language; empty where another example shows the model."""
    return tuple(_TEXT.sub(lambda found: found[language], text) for text in EXAMPLES.get(model, ()))


EXAMPLES: dict[str, tuple[str, ...]] = {
    "Scenario": (
        """\
scenario: guide_to_demo
title: «From the guide to a demo|ガイドからデモへ»
language: ja
topic: newsletter
priority: 60
when_busy: queue
enter: {event: {downloaded: whitepaper}}
leave:
  - {when: {attribute: relation, in: [customer, competitor]}, finish: not_a_prospect}
anywhere:
  - {when: {requested: demo}, go: to_sales}
on_hot: to_sales
start: letter
steps:
  letter: {send: newsletter_01, wait: 7d, then: quiet}
  to_sales: {handoff: {queue: inside_sales}, then: quiet}
  quiet: {finish: done}
""",
    ),
    "Enter": (
        """\
scenario: infrastructure
topic: newsletter
enter: {segment: midsize_infrastructure, again: {after: 180d}}
start: letter
steps:
  letter: {send: newsletter_01, wait: 7d, then: quiet}
  quiet: {finish: done}
""",
        """\
scenario: after_the_seminar
topic: newsletter
enter: {event: {attended: seminar}}
start: letter
steps:
  letter: {send: newsletter_02, wait: 7d, then: quiet}
  quiet: {finish: done}
""",
    ),
    "Step": (
        """\
scenario: three_letters
topic: newsletter
start: letter
steps:
  letter:
    skip: {when: {did: {requested: any}, within: 30d}, go: to_sales}
    send: [newsletter_01, newsletter_02, newsletter_03]
    wait: {until: [clicked], timeout: 14d}
    then:
      - {when: clicked, go: mark}
      - {otherwise: letter}
    max_visits: 3
    when_exhausted: quiet
    when_refused: quiet
  mark:
    set: {attribute: relation, to: prospect}
    then: tell
  tell:
    notify: {to: inside_sales, text: «A reader got serious|読者の検討が進みました»}
    then: go_on
  go_on:
    enroll: {scenario: seminar_to_demo}
    then: quiet
  to_sales:
    handoff: {queue: inside_sales, note: «Asked by themselves|ご自身からのお申し込み»}
    then: quiet
  quiet: {finish: done}
""",
        """\
scenario: with_phases
topic: newsletter
start: letter
steps:
  letter: {phase: research, send: newsletter_01, wait: 7d, then: quiet}
  quiet: {finish: done}
""",
    ),
    "SendOptions": (
        """\
scenario: soon_or_never
topic: newsletter
start: invitation
steps:
  invitation:
    send: {template: seminar_invite, within: 1d}
    wait: 7d
    when_refused: quiet
    then: comparison
  comparison:
    send: {split: {newsletter_01: 45, newsletter_02: 45, none: 10}}
    wait: 7d
    then: quiet
  quiet: {finish: done}
""",
    ),
    "WaitOptions": (
        """\
# attributes.yaml
trial_ends: {type: date, axis: behavioural}
""",
        """\
scenario: trial
topic: newsletter
start: letter
steps:
  letter:
    send: newsletter_01
    wait: {until: [opened, {visited: /pricing}], timeout: 5bd}
    then:
      - {when: {visited: /pricing}, go: reminder}
      - {when: opened, go: reminder}
      - {otherwise: quiet}
  reminder:
    wait: {by: {attribute: trial_ends, offset: -3d, at: "09:00"}}
    then: quiet
  quiet: {finish: done}
""",
    ),
    "Edge": (
        """\
scenario: four_ways
topic: newsletter
start: invitation
steps:
  invitation:
    send: seminar_invite
    wait: {until: [{signed_up: seminar}, clicked], timeout: 7d}
    then:
      - {when: {signed_up: seminar}, finish: signed_up}
      - {when: clicked, split: {reminder: 50, quiet: 50}}
      - {when: opened, go: reminder}
      - {otherwise: quiet}
  reminder: {send: seminar_reminder, wait: 3d, then: quiet}
  quiet: {finish: done}
""",
    ),
    "Attribute": (
        """\
# attributes.yaml
employees: {type: number, axis: demographic, label: «Employees|従業員数»}
industry:
  type: choice
  axis: demographic
  values: {telecom: «Telecommunications|通信», other: «Other|その他»}
region: {type: text, axis: geographic}
priorities: {type: list, axis: psychographic}
uses_competitor: {type: flag, axis: behavioural}
trial_ends: {type: date, axis: behavioural}
""",
    ),
    "EventType": (
        """\
# events.yaml
created_project: {label: «Created a project|プロジェクトを作成»}
attended: {subjects: [seminar, consultation]}
""",
    ),
    "Segment": (
        """\
# segments.yaml
active_midsize:
  title: «Midsize and active|中堅で、動きのある会社»
  when: {all: [{attribute: employees, at_least: 50, at_most: 100}, {did: any, within: 30d}]}
""",
    ),
    "JourneyMap": (
        """\
# journey_map.yaml
persona:
  name: «Head of a small IT team|情報システム部の課長»
  about: «Two people, and a phone at night|部下は二名。夜間も電話が鳴る»
phases:
  - phase: research
    title: «Research|情報収集»
    thinking: [«How do others do it?|他社はどうしているのか»]
    actions: [{opened: any}]
  - {phase: comparison, reached_when: {did: {visited: /pricing}}, actions: [{visited: /pricing}]}
  - {phase: decision, reached_when: {did: {requested: any}}, actions: [{requested: demo}]}
qualifying: {from: comparison, to: decision}
""",
    ),
    "Score": (
        """\
# score.yaml
attributes:
  - {item: employees_100, when: {attribute: employees, at_least: 100}, points: 15}
behaviours:
  - {item: demo_request, when: {requested: demo}, points: 50}
  - {item: pricing_page, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 30d}}
  - {item: newsletter, when: {opened: any}, points: 3, repeat: each_subject, cap: 15, fades: {expires: 90d}}
""",
    ),
    "HotLead": (
        """\
# hot_lead.yaml
agreed: {date: 2026-11-01, by: [marketing, sales]}
any:
  - {score: behaviours, at_least: 100}
  - {did: {requested: demo}}
all: [{attribute: employees, at_least: 50}]
not: [{attribute: relation, in: [customer, competitor]}]
queue: inside_sales
cool_down: 30d
""",
    ),
    "Form": (
        """\
# forms.yaml
seminar:
  title: «Sign up for the seminar|セミナーのお申し込み»
  language: «en|ja»
  event: {signed_up: seminar}
  fields: {email: required, company: optional}
  topic: seminars
  consent:
    version: «en_1|ja_1»
    text: «I agree to get mail about seminars.|セミナーのご案内を受け取ることに同意します。»
  confirm: confirm_subscription
  confirm_only: unsubscribed     # «who has unsubscribed is asked first|停止した方にはまず確かめる»
  thanks: /thanks
letter:
  event: {signed_up: letter}
  fields: {email: required}
  topic: newsletter
  consent: {version: «en_1|ja_1», text: «I agree to get the letter.|メールマガジンを受け取ることに同意します。»}
  confirm: confirm_subscription
""",
    ),
    "Sender": (
        """\
# sender.yaml
legal_name: «Example Trading Ltd.|株式会社見本商事»
postal_address: «1 Sample Street, Exampleton|東京都見本区架空町1-2-3»
contact: info@example.com
from: {name: «Robin Sample|見本 花子», email: news@example.com}
time_zone: Asia/Tokyo
window: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "18:00"}
holidays: jp
closed: [2026-12-29..2027-01-03, 2027-08-13]
cap: {mails: 3, per: 7d}
topics: [newsletter, seminars]
topic_titles: {newsletter: «Newsletter|お役立ち情報», seminars: {ja: セミナーのご案内, en: Seminars}}
lost_answer: {then: go_on, after: 1h}
automatic_clicks:
  {sooner_than: 10s, links: 3, links_within: 5s, recipients: 5, recipients_within: 30s, programs: [curl/, wget/]}
breaker: {over: 7d, spam: {warn: 0.1, stop: 0.3, of: 500}, bounces: {warn: 2, stop: 5, of: 100}}
""",
    ),
    "Sales": (
        """\
# sales.yaml
reps:
  - {rep: rep_1, name: «Jo Placeholder|例示 一郎», email: rep1@example.com, capacity: 20, language: ja}
  - rep: rep_2
    name: «Kim Sample|仮名 二葉»
    email: rep2@example.com
    capacity: 10
    languages: [ja, en]
    hours: {days: [mon, tue, wed], from: "10:00", to: "16:00"}
    time_zone: Asia/Tokyo
    days_off: [2026-12-24..2026-12-28]
    active: true
queues:
  inside_sales:
    reps: [rep_1, rep_2]
    fallback: rep_1
    accept_within: 1bd
    close_within: 90d
    share: in_turn
    wait_for: [capacity]
    keep_companies: true
    remind_after: 4h
    escalate_after: {to: rep_1, after: 2bd}
    tell: [email, slack]
letters: inside_sales
personal_data: false    # «Slack and the webhook get ids and links only|Slack と Webhook には ID とリンクだけ»
currency: JPY
""",
    ),
    "FrontMatter": (
        """\
---
subject: "{{ lead.name }} «: three figures for your next budget|様、次の予算のための三つの数字»"
preheader: «Ten minutes, no electrician|10 分で読めます»
---
«Dear|拝啓» {{ lead.name }},

«for companies of|従業員» {{ lead.attributes.employees | default("50") }} «people.|名の会社の皆さまに。»

[«Read on|続きを読む»]({{ link("/forms/whitepaper") }})
""",
    ),
    "Happened": (
        """\
scenario: three_spans
topic: newsletter
start: letter
steps:
  letter:
    send: newsletter_01
    wait: {until: [opened, {opened: newsletter_01}, {opened: any}, {signed_up: seminar}], timeout: 7d}
    then:
      - {when: {signed_up: seminar}, finish: signed_up}
      - {when: {opened: any}, finish: read}
      - {otherwise: quiet}
  quiet: {finish: done}
""",
    ),
    "Did": (
        """\
# segments.yaml
regulars: {when: {did: {attended: seminar}, within: 90d, at_least: 2}}
asleep: {when: {not: {did: any, within: 180d}}}
""",
    ),
    "AttributeIs": (
        """\
# attributes.yaml
employees: {type: number, axis: demographic}
industry: {type: choice, axis: demographic, values: {telecom: «Telecommunications|通信», other: «Other|その他»}}
priorities: {type: list, axis: psychographic}
trial_ends: {type: date, axis: behavioural}
""",
        """\
# segments.yaml
midsize: {when: {attribute: employees, at_least: 50, at_most: 100}}
telecom: {when: {attribute: industry, is: telecom}}
known_industries: {when: {attribute: industry, in: [telecom, other]}}
careful: {when: {attribute: priorities, contains: security}}
on_trial: {when: {attribute: trial_ends, after: 2026-11-01, before: 2027-04-01}}
without_trial: {when: {attribute: trial_ends, known: false}}
""",
    ),
    "ScoreIs": (
        """\
# segments.yaml
warm: {when: {score: total, at_least: 60, at_most: 119}}
""",
    ),
    "InSegment": (
        """\
# segments.yaml
big: {when: {attribute: employees, at_least: 300}}
big_and_awake: {when: {all: [{segment: big}, {did: any, within: 30d}]}}
""",
    ),
    "InPhase": (
        """\
# segments.yaml
comparing: {when: {phase: comparison}}
comparing_or_further: {when: {phase: {at_least: comparison}}}
""",
    ),
    "IsHot": (
        """\
# segments.yaml
for_sales: {when: {hot: true}}
""",
    ),
    "OutcomeIs": (
        """\
scenario: after_sales
topic: newsletter
start: to_sales
steps:
  to_sales:
    handoff: {queue: inside_sales}
    then:
      - {when: {outcome: won}, finish: customer}
      - {when: {outcome: [returned, expired]}, go: letter}
      - {otherwise: quiet}
  letter: {send: newsletter_01, wait: 7d, then: quiet}
  quiet: {finish: done}
""",
    ),
    "All": (
        """\
# segments.yaml
big_and_undecided:
  when:
    all:
      - {attribute: employees, at_least: 100}
      - any: [{did: {visited: /pricing}}, {did: {downloaded: whitepaper}}]
      - not: [{did: {requested: any}}, {did: {attended: consultation}}]
""",
    ),
}
