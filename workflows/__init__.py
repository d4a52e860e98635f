"""The durable part: thin loops around the core, one workflow per lead and one per sales task."""
