"""Content that is the same for everybody: packed once, and sent again only where it has changed."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class _Form:
    """Bytes to send, and their tag: packed they are another representation (RFC 9110 section 8.8.3)."""

    content: bytes
    tag: str

    @classmethod
    def of(cls, content: bytes) -> "_Form":
        return cls(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class Document:
    """What is served, packed and not."""

    media_type: str
    plain: _Form
    packed: _Form

    @classmethod
    def of(cls, media_type: str, content: bytes, packed: bytes | None = None) -> "Document":
        """A document from its bytes, and those that gzip made of them where they are there already."""
        return cls(media_type, _Form.of(content), _Form.of(packed or gzip.compress(content, mtime=0)))

    def answer(self, request: Request, headers_of_all: Mapping[str, str]) -> Response:
        """All of it, or that it has not changed."""
        takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
        form = self.packed if takes_gzip else self.plain
        headers = {**headers_of_all, "ETag": form.tag, "Vary": "Accept-Encoding"}
        if form.tag in (tag.strip() for tag in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        if takes_gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(form.content, headers=headers, media_type=self.media_type)
