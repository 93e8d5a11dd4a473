"""``python -m hub.commands.reference``: writes every page again."""

from hub.commands.reference import FOLDER, render_pages

FOLDER.mkdir(parents=True, exist_ok=True)
for name, text in render_pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
