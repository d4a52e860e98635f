"""Runs the revisions on the connection it is given; opening one is the business of adapters/database/engine.py."""

from __future__ import annotations

from alembic import context

from adapters.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
