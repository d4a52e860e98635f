"""The outside world: mail, database, notification, holidays, the Temporal server."""
