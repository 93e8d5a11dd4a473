"""Use cases: ingest, push, plan and everything around them."""
