"""Makes the desk of a demo one that a person can work at: time enough, and tasks that the play leaves alone.

Refuses to change the folder: what is deployed for the demo differs from it in two times of sales.yaml, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import yaml

from cli.welcoming import DEMO
from nurture.definitions import Definitions
from nurture.yaml_text import read_yaml

YOURS = next(rep for _, _, role, rep in DEMO if role == "sales")
"""The rep that whoever follows the sales link is."""
ACCEPT_WITHIN = "350d"
"""Twelve real minutes, where a day passes in two seconds."""
CLOSE_WITHIN = "3650d"
OVERDUE = timedelta(days=350)
"""So much earlier than its day one task was made, for nobody to have accepted it in time."""
_SALES = "sales.yaml"
_WHY = """\
# デモでは 1 日が 2 秒で過ぎるので、フォルダーの sales.yaml より accept_within と close_within を長くしてあります。
# In the demo a day passes in two seconds: accept_within and close_within are longer than in your folder's sales.yaml.
"""


def with_time(files: Mapping[str, str]) -> dict[str, str]:
    """The texts to deploy, in which every queue that names a time gives reps enough of it."""
    data = read_yaml(files[_SALES], file=_SALES).data if _SALES in files else None
    queues = data.get("queues") if isinstance(data, dict) else None
    if not isinstance(queues, dict) or not isinstance(data, dict):
        return dict(files)
    longer = {"accept_within": ACCEPT_WITHIN, "close_within": CLOSE_WITHIN}
    given = {
        name: {key: longer.get(key, value) for key, value in queue.items()} for name, queue in queues.items()
    }  # fmt: skip
    text = yaml.safe_dump({**data, "queues": given}, allow_unicode=True, sort_keys=False)
    return {**files, _SALES: _WHY + text}


def your_rep(definitions: Definitions) -> str | None:
    """The rep whose tasks wait for a person; None where sales.yaml has no such rep, or nobody besides."""
    reps = {each.rep for each in definitions.sales.reps} if definitions.sales is not None else set()
    return YOURS if YOURS in reps and len(reps) > 1 else None


def colleague(definitions: Definitions) -> str | None:
    """The first rep who is not you: the play acts as them where nobody has a task."""
    reps = definitions.sales.reps if definitions.sales is not None else ()
    return next((each.rep for each in reps if each.rep != YOURS), None)
