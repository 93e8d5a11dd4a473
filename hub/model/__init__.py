"""The canonical kinds: frozen models, no input or output."""
