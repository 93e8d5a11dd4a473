"""The source, broken in one place at a time: does a test notice? ``python -m tests.mutation --room protocol``."""
