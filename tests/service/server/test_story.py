"""The story of one request, as docs/ARCHITECTURE.md tells it, is what happens."""

import asyncio
import re
import sys
from pathlib import Path
from types import FrameType

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.api.test_refusals import as_body
from tests.service.wire import Client, Listening, as_bytes

ROOT = Path(__file__).parents[3]
REQUEST = as_bytes("/predict", as_body(picture("top-left")))
_ROOMS = r"service/(?:server|pipeline)/\w+\.py"


def told() -> tuple[list[str], set[str]]:
    """The files that pass a request on, and all that the section names."""
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.partition("## One request")[2].partition("`POST /predict` as a route")[0]
    return re.findall(rf"^\d\. `({_ROOMS})`", section, re.MULTILINE), set(
        re.findall(rf"`({_ROOMS})`", section)
    )


async def trace(client: Client) -> set[str]:
    """The files of both rooms in which code ran for one request."""
    ran: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            ran.add(Path(frame.f_code.co_filename).relative_to(ROOT).as_posix())

    client.wire.writes.clear()
    sys.setprofile(note)
    client.send(REQUEST)
    while not client.wire.writes:
        await asyncio.sleep(0)
    sys.setprofile(None)
    return {file for file in ran if re.fullmatch(_ROOMS, file)}


def test_one_fast_request_takes_the_way_that_is_told(settings: Settings) -> None:
    async def go() -> set[str]:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            client = Listening(app, alone=True).connect()
            client.send(REQUEST)  # a first one finds its model and reads its query
            await client.answer()
            return await trace(client)

    ran = asyncio.run(go())
    six, named = told()
    assert len(six) == 6
    assert set(six) <= ran <= named
