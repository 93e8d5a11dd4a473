"""``python -m hub.commands.reference``: writes every page again."""

from hub.commands.reference import FOLDER, PAGES, render_page

FOLDER.mkdir(parents=True, exist_ok=True)
for name in PAGES:
    (FOLDER / name).write_text(render_page(name), encoding="utf-8")
