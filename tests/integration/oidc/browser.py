"""A person with a browser: follows links and redirects, fills in the provider's form, keeps cookies."""

from __future__ import annotations

import html
import re
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx

LOGIN_FORM: Final = re.compile(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"')
FORM: Final = re.compile(r'<form[^>]*action="([^"]+)"')


class Browser:
    """One browser. Cookies are kept by host, as browsers do: ports do not part them."""

    def __init__(self, page_url: str) -> None:
        self.page_url = page_url
        hooks = {"response": [self._trust_loopback]}
        self.client = httpx.Client(base_url=page_url, event_hooks=hooks, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.client.close()

    def _trust_loopback(self, _answer: httpx.Response) -> None:
        """The provider marks its cookies as secure; browsers hold the loopback address to be so without TLS."""
        for cookie in self.client.cookies.jar:
            cookie.secure = False

    def get(self, path: str) -> httpx.Response:
        """One request, no redirect followed."""
        return self.client.get(path)

    def provider_form(self, path: str = "/masuk") -> httpx.Response:
        """The provider's log-in form, reached from the page."""
        sent = self.client.get(path)
        assert sent.status_code == 303, sent.text
        return self.client.get(sent.headers["location"])

    def fill_in(self, form: httpx.Response, username: str, password: str) -> httpx.Response:
        """What the provider answers to name and password: a redirect to the page, or its form again."""
        found = LOGIN_FORM.search(form.text)
        assert found is not None, form.text
        told = {"username": username, "password": password}
        return self.client.post(html.unescape(found.group(1)), data=told)

    def log_in(self, username: str, password: str, path: str = "/masuk") -> httpx.Response:
        """The whole way; the answer of the page to the code that came back."""
        answer = self.fill_in(self.provider_form(path), username, password)
        assert answer.status_code == 302, answer.text
        return self.client.get(answer.headers["location"])


def query_of(url: str) -> dict[str, str]:
    """The query of an address, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
