"""The two lines at the top of every screen."""

from rich.text import Text
from textual.widget import Widget

from terminal.ui.standing import Standing, standing_lines
from terminal.ui.surroundings import of


class StatusLine(Widget):
    """Follows the app's `standing`."""

    def on_mount(self) -> None:
        """Draw anew whenever the till stands otherwise."""
        self.watch(self.app, "standing", self._follow)

    def _follow(self, _standing: Standing) -> None:
        self.refresh()

    def render(self) -> Text:
        """The two lines."""
        app = of(self)
        return standing_lines(app.standing, self.size.width, ascii_only=app.ascii_only)
