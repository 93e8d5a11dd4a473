"""The only room that knows SQLAlchemy: tables, unit of work, migrations."""
