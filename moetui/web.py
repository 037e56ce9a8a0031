"""The interface in a browser, through textual-serve, which knows no users: a token lets in, and nothing else does."""

import hmac
import logging
import re
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from textual_serve.server import Server
from yarl import URL

_FONT_FROM_AFAR = re.compile(r'<link[^>]*href="https?://fonts\.[^>]*>')
_FONT = """<style>@font-face {
  font-family: "Roboto Mono"; src: url("/static/fonts/RobotoMono-VariableFont_wght.ttf"); font-weight: 100 700;
}</style>"""
"""The font that comes with textual-serve; its page asks another server for the same one."""

_HEAD = """<head><title>moetui</title><link rel="icon" href="data:," /><script>
  // The keys belong to the terminal without a click, whenever the page or its window comes to the front.
  const giveKeys = () => {
    const keys = document.querySelector(".xterm-helper-textarea");
    if (!keys || !document.body.classList.contains("-first-byte")) return false;  // before that nobody listens to keys
    keys.focus();
    return true;
  };
  window.addEventListener("load", () => {
    const timer = setInterval(() => { if (giveKeys()) clearInterval(timer); }, 50);
  });
  window.addEventListener("focus", giveKeys);
</script>"""
"""What the page of textual-serve lacks: a title, an icon that is not asked for in vain, and keys that work at once."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TokenServer(Server):
    """Serves to browsers that came once by the address with the token; a cookie lets them in from then on.

    Other users of the machine reach its ports as well as its owner does, so a local address is no protection of its own.
    """

    def __init__(self, command: str, *, host: str, port: int, url: str = "") -> None:
        """`command` starts one interface, for one browser; `url` is how browsers reach the server, if not by host and port."""
        super().__init__(
            command, host=host, port=port, title="moetui", public_url=url.rstrip("/") or f"http://{host}:{port}"
        )
        self._token = secrets.token_urlsafe(24)
        self._cookie = f"moetui-{port}"  # cookies know no ports

    @property
    def entrance(self) -> str:
        """The address that lets in."""
        return f"{self.public_url}/?token={self._token}"

    def initialize_logging(self) -> None:
        """Let faults be said, and nothing else."""
        logging.basicConfig(level="WARNING", format="moetui: %(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has told the address."""

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        app.middlewares.append(self._keep_here)
        return app

    @web.middleware
    async def _keep_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the browser load nothing from other servers."""
        answer = await handler(request)
        if isinstance(answer, web.Response) and answer.content_type == "text/html" and answer.text is not None:
            answer.text = _FONT_FROM_AFAR.sub(_FONT, answer.text).replace("<head>", _HEAD, 1)
            own = f"'self' {self.public_url}"
            answer.headers["Content-Security-Policy"] = (
                f"default-src {own} 'unsafe-inline' data:; connect-src {own} {self.public_url.replace('http', 'ws', 1)}"
            )
        return answer

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._fits(request.query.get("token", "")):
            answer = web.HTTPFound("/")
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
            return answer
        # A page of another server on this host counts as the same site: where a socket was opened from has to be asked.
        origin = request.headers.get("Origin")
        foreign = origin is not None and URL(origin).authority != URL(self.public_url).authority
        if foreign or not self._fits(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text="Open the address that `moetui serve` has printed, with its token.")
        return await handler(request)

    def _fits(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())
