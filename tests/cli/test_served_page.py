"""The page of `moetui serve` loads nothing from other servers."""

import asyncio
import re

import pytest

pytest.importorskip("textual_serve")

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from moetui.web import TokenServer


async def page() -> tuple[str, str, int]:
    """The text of the page, its policy, and the status of its font."""
    server = TokenServer("true", host="127.0.0.1", port=8123)
    application: Application = await server._make_app()
    async with TestClient[Request, Application](TestServer(application)) as client:
        entered = await client.get("/", params={"token": server.entrance.rpartition("=")[2]}, allow_redirects=False)
        cookies = {name: cookie.value for name, cookie in entered.cookies.items()}
        answer = await client.get("/", cookies=cookies)
        text = await answer.text()
        (font,) = re.findall(r"/static/fonts/[^\"]*ttf", text)
        return text, answer.headers["Content-Security-Policy"], (await client.get(font, cookies=cookies)).status


def test_everything_comes_from_the_server_itself() -> None:
    text, policy, font = asyncio.run(page())
    addresses = re.findall(r"""(?:href|src|url)[=(]["']?(https?://[^"')]*)""", text)
    assert addresses
    assert {address for address in addresses if not address.startswith("http://127.0.0.1:8123/")} == set()
    assert "googleapis" not in text
    assert policy.startswith("default-src 'self' http://127.0.0.1:8123 ")
    assert "connect-src 'self' http://127.0.0.1:8123 ws://127.0.0.1:8123" in policy
    assert font == 200
