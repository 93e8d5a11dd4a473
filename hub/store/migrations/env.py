"""Alembic's entry point: migrations run on the connection, and inside the transaction, that ``migrate`` hands over."""

from alembic import context

from hub.store.tables import derive_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=derive_tables()[0],
    render_as_batch=True,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
