"""What each rule of the check finds and how to mend it; refuses to look for anything.

The name of a rule is what stands in brackets behind a message. Tests prove that this list has every rule, and no other.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """What is wrong where the rule is named, and what to do."""

    finds: str
    mend: str


RULES: dict[str, Rule] = {
    "after-finish": Rule("A step that finishes has keys for going on.", "Take them out, or take `finish` out."),
    "after-otherwise": Rule(
        "An edge stands behind `otherwise`, so nobody takes it.",
        "Move it before, or take it out.",
    ),
    "attribute-test": Rule(
        "A test does not fit the type of its attribute.",
        "Use one of the tests that the message lists.",
    ),
    "attribute-value": Rule("A value is none of its attribute's type.", "Write a value of that type."),
    "awaited-unnamed": Rule(
        "Something is awaited, and no edge names it. Warning.",
        "Add an edge for it, or stop waiting for it.",
    ),
    "bare-event": Rule("An event stands alone where nothing says since when.", "Write `{did: …}`."),
    "duplicate-key": Rule("A key is written twice in one mapping.", "Take one of them out."),
    "duplicate-name": Rule("Two things have the same name.", "Rename one."),
    "empty": Rule("Something that needs content has none.", "Fill it, or take the key out."),
    "empty-until": Rule("`until` awaits nothing.", "Name what is awaited, or write `wait: 3d`."),
    "encoding": Rule("A file is not UTF-8.", "Save it as UTF-8."),
    "enroll-itself": Rule(
        "A step enrols its lead in the scenario it is in; that is always refused. Warning.",
        "Lead back to a step, or enrol in another one.",
    ),
    "file-name": Rule("A file ends with .yml and is not read. Warning.", "Let it end with .yaml."),
    "form-email": Rule("A form does not ask for the address by which it finds its lead.", "Add `email: required`."),
    "free-mail-sender": Rule(
        "Mail is to come from an address of a free mail provider, which receivers refuse. Warning.",
        "Send from a domain of your own, with SPF, DKIM and DMARC.",
    ),
    "front-matter": Rule(
        "A template does not open with its front matter.",
        "Begin it with `---`, `subject: …`, `---`.",
    ),
    "handoff-wait": Rule("A handoff step has a `wait`; it lasts until sales closes the task.", "Take the `wait` out."),
    "hot-circle": Rule("The definition of hot asks whether a lead is hot.", "Ask something else."),
    "hot-out-of-reach": Rule(
        "No lead can ever meet a rule of the hot lead definition.",
        "Mend what the message names: the caps, the excluding rules, or the missing source of an event.",
    ),
    "key-not-text": Rule("A key is no text.", "Write it as text, in quotes where it looks like a number."),
    "many-conditions": Rule(
        "A condition asks so many things at once that hardly anybody fits. Warning.",
        "Begin with those that matter most; add others once results ask for them.",
    ),
    "many-items": Rule(
        "score.yaml has more items than anybody can keep an eye on. Warning.",
        "Begin with the 10 to 20 that lead to deals.",
    ),
    "missing-file": Rule("A file is needed and not there.", "Add the file that the message names."),
    "missing-key": Rule("A required key is not there.", "Add it."),
    "missing-max-visits": Rule(
        "`when_exhausted` without `max_visits`: it never happens.",
        "Add `max_visits`, or take it out.",
    ),
    "missing-otherwise": Rule(
        "A list of edges has no last edge for everybody else.",
        "End it with `{otherwise: step}`.",
    ),
    "missing-when-exhausted": Rule(
        "`max_visits` without `when_exhausted`: a further arrival has no way.",
        "Name the step it goes to.",
    ),
    "never-reached": Rule(
        "A later phase has no `reached_when`. Warning.",
        "Say what shows that a lead has come there.",
    ),
    "never-true": Rule("No value can pass the test.", "Mend its bounds."),
    "no-confirm-link": Rule(
        "The mail of a form's `confirm` has no link by which the reader could confirm.",
        "Write `[words]({{ confirm_link }})` into the template.",
    ),
    "no-consent": Rule(
        "A form has a topic and no wording, so posting it gives no consent. Warning.",
        "Add `consent`, or take the topic out.",
    ),
    "no-mail-here": Rule(
        "A bare mail event stands in a step that sends none. Warning.",
        "Write `{opened: any}`, or name the template.",
    ),
    "no-value": Rule("A key has nothing behind it.", "Write a value, or take the key out."),
    "no-way-on": Rule("A step neither goes on nor finishes.", "Add `then`, or make it a `finish`."),
    "nothing-counted": Rule(
        "An item of behaviours names no event to count.",
        "Name one, such as `{signed_up: seminar}`.",
    ),
    "odd-points": Rule(
        "Above 10 points, a figure that is no multiple of 5. Warning.",
        "Begin with plain steps such as 15, 20 and 50.",
    ),
    "on-hot": Rule("`on_hot` leads to a step that hands nobody over.", "Lead to a handoff step, or write `ignore`."),
    "nobody-takes": Rule(
        "A queue has no active rep, or its fallback is not active (warning).",
        "Name somebody else, or set `active: true`.",
    ),
    "one-axis": Rule(
        "A scenario takes leads in by a segment along one axis only, which is coarse. Warning.",
        "Combine it with a condition on another axis, or with what leads did.",
    ),
    "outcome-outside-handoff": Rule(
        "`outcome` stands where it never holds. Warning.",
        "Move it into the `then` of a handoff step.",
    ),
    "pretended-reply": Rule(
        "A subject begins like an answer (`Re:`) that the mail is none of. Warning.",
        "Say in the subject what the mail is about.",
    ),
    "reminder-too-late": Rule(
        "Reps would be reminded of a task after it went to somebody else. Warning.",
        "Write a `remind_after` that is shorter than `accept_within`.",
    ),
    "reserved-name": Rule("A name has a meaning of its own.", "Choose another one."),
    "segment-circle": Rule("Segments refer to each other in a circle.", "Break the circle."),
    "segment-out-of-reach": Rule(
        "No lead can ever fit a segment: what it asks excludes itself.",
        "Widen one of the conditions that the message names, or take it out.",
    ),
    "sender-incomplete": Rule(
        "What the law wants at the end of every mail is not filled in, or reaches nobody.",
        "Write the legal name, the postal address and where to ask.",
    ),
    "several-actions": Rule("A step does more than one thing.", "Make it several steps."),
    "template-name": Rule("A template file is not named as one.", "Name it `templates/<name>.<language>.md`."),
    "template-syntax": Rule("The text of a template cannot be read.", "Mend the braces at the line named."),
    "two-deadlines": Rule("A wait has `timeout` and `by`.", "Keep one."),
    "unbounded-cycle": Rule(
        "A cycle may go round for ever.",
        "Give one of its steps `max_visits`, and a `when_exhausted` that leads out.",
    ),
    "unknown-attribute": Rule(
        "There is no such attribute in attributes.yaml.",
        "Take the name that is meant, or declare it.",
    ),
    "unknown-event": Rule("There is no such event type.", "Take the one that is meant, or declare it in events.yaml."),
    "unknown-form": Rule(
        "A link leads to a form that does not exist.",
        "Take the one that is meant, or add it to forms.yaml.",
    ),
    "unknown-holidays": Rule("No country has this code.", "Write a code such as `jp`, or `none`."),
    "unknown-key": Rule("A key has no meaning here.", "Take the one that is meant."),
    "unknown-phase": Rule("There is no such phase in journey_map.yaml.", "Take the one that is meant."),
    "unknown-queue": Rule("There is no such queue (or rep) in sales.yaml.", "Take the one that is meant."),
    "unknown-rep": Rule("There is no such rep in sales.yaml.", "Take the one that is meant."),
    "unknown-scenario": Rule("There is no such scenario in the folder.", "Take the one that is meant."),
    "unknown-score": Rule("There is no such item in score.yaml.", "Take the one that is meant."),
    "unknown-segment": Rule("There is no such segment in segments.yaml.", "Take the one that is meant, or add it."),
    "unknown-step": Rule("There is no such step in the scenario.", "Take the one that is meant, or add it."),
    "unknown-subject": Rule(
        "events.yaml lists the subjects of this event, and this is none.",
        "Take the one that is meant, or list it.",
    ),
    "unknown-template": Rule(
        "There is no such template, or none in this language.",
        "Take the one that is meant, or write it.",
    ),
    "unknown-time-zone": Rule("There is no such time zone.", "Write one such as `Asia/Tokyo`."),
    "unknown-topic": Rule("There is no such topic in sender.yaml.", "Take the one that is meant, or list it."),
    "unknown-value": Rule("The attribute has no such choice.", "Take a key of its `values`."),
    "unknown-variable": Rule(
        "Nobody can fill a variable of a template.",
        "Take the one that is meant, or declare the attribute.",
    ),
    "unreachable-step": Rule("No lead can get to a step.", "Lead to it, or take it out."),
    "unreadable-file": Rule(
        "A file of the folder cannot be read: it is a folder, a broken link, or not yours to read.",
        "Put a file that you may read in its place.",
    ),
    "unused-segment": Rule("Nothing uses a segment. Warning.", "Use it, or take it out."),
    "unused-template": Rule("No scenario sends a template. Warning.", "Send it, or take it out."),
    "useless-key": Rule("A key does nothing here. Warning.", "Take it out."),
    "wait-without-timeout": Rule("Silence would keep a lead waiting for ever.", "Add `timeout: 7d`, or `by`."),
    "wording-language": Rule(
        "A form asks for a consent in another language than its own. Warning.",
        "Write the wording in the language of the form.",
    ),
    "wrong-link": Rule("A link is no path of this server.", 'Write `link("/forms/seminar")`.'),
    "wrong-type": Rule("A value has another form than is meant here.", "Write the form that the message names."),
    "wrong-value": Rule("A value cannot be meant.", "Write one of those that the message names."),
    "yaml-feature": Rule(
        "YAML is used that is not read here: anchors, tags, merge keys, several documents.",
        "Write the content out.",
    ),
    "yaml-syntax": Rule("The file is no YAML.", "Mend the line named: blanks, colons and quotes first."),
    "zero-time-cycle": Rule("A cycle goes round without time passing.", "Put a `wait` into it."),
}
"""Every rule by its name."""
