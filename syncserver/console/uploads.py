"""Forms that bring a file: read within bounds before they are taken apart."""

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from shared.errors import DecodingError
from syncserver.api.body import read_body, require_type

UPLOAD_TYPE = "multipart/form-data"
# Beside the file: names and boundaries of its few fields.
_ROOM = 4_096
_MOST_FIELDS = 5


async def read_upload(request: Request, name: str, limit: int) -> tuple[bytes, dict[str, str]]:
    """The file of a form, and its other fields.

    Args:
        request: the form's.
        name: the file's field.
        limit: how many bytes the file may have.

    Raises:
        TooLargeError, SlowBodyError, WrongTypeError: it is too large, too slow or no such form.
        DecodingError: there is no such file in it.
    """
    require_type(request, UPLOAD_TYPE)
    body = await read_body(request, limit + _ROOM)

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, whole(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=_ROOM)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise DecodingError("the form can't be read") from error
    try:
        file = form.get(name)
        if not isinstance(file, UploadFile) or not file.size:
            raise DecodingError(f"{name}: no file was chosen")
        fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
        return await file.read(), fields
    finally:
        await form.close()
