"""The footer: the keys of this screen, as many as there is room for; Help, which has all of them, always stands."""

from rich.text import Text
from textual.widget import Widget

from terminal.texts import _
from terminal.ui.keys import KEYS, keys_of, name_of


class KeyLine(Widget):
    """One line at the bottom."""

    def render(self) -> Text:
        """Keys and their short words."""
        changed: dict[str, str] = getattr(self.app, "changed_keys", {})
        shown = [
            (name_of(keys_of(action, changed).split(",")[0].strip()), _(KEYS[action].short))
            for action in getattr(self.screen, "ACTIONS", ())
            if action in KEYS and KEYS[action].footer and action != "help" and self._offered(action)
        ]
        shown.insert(0, (name_of(keys_of("help", changed).split(",")[0]), _(KEYS["help"].short)))
        line = Text(no_wrap=True, overflow="ellipsis")
        for key, word in shown:
            part = Text.assemble((f" {key} ", "reverse"), f" {word}  ")
            if line.cell_len + part.cell_len > self.size.width:
                break
            line.append_text(part)
        return line

    def _offered(self, action: str) -> bool:
        offers = getattr(self.screen, "offers", None)
        return offers is None or bool(offers(action))
