"""Turns real time into nurture's time and back; refuses to look at a clock: both come in as arguments."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict


class Epoch(BaseModel):
    """One stretch of nurture's clock: at `real` it showed `nurture`, and it runs `speed` times as fast.

    With speed 1 and both anchors equal, nurture's time is real time.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    real: datetime
    nurture: datetime
    speed: int = 1

    def nurture_at(self, real: datetime) -> datetime:
        """What nurture's clock shows at a real instant."""
        return self.nurture + (real - self.real) * self.speed

    def real_at(self, nurture: datetime) -> datetime:
        """The real instant at which nurture's clock shows `nurture`."""
        return self.real + (nurture - self.nurture) / self.speed

    def real_span(self, span: timedelta) -> timedelta:
        """How long a span of nurture's time really lasts."""
        return span / self.speed

    def tolerance(self, span: timedelta) -> timedelta:
        """A tolerance in nurture's time: `span`, or 5 real seconds if that is longer (design, section 3)."""
        return max(span, timedelta(seconds=5) * self.speed)
