"""The person and their browser: follows redirects with a cookie jar, signs in, decides on the consent page.

There is nothing of an OAuth client in here. Each test's client makes the first URL and reads the last one.
"""

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


@dataclass(frozen=True)
class Account:
    """An account of the sandbox."""

    username: str
    password: str


# One with a few pages of claims, one with many.
CLAIMANT = Account("BBUser28324", "PW28324!")
FREQUENT_CLAIMANT = Account("BBUser20023", "PW20023!")


def visit(start, redirect_uri, person=CLAIMANT, decision="allow", demographics="share"):
    """Opens `start` and goes on until the browser would open `redirect_uri`; returns that address.

    Nothing is sent to the application itself.
    """
    answers = {
        "username": person.username,
        "password": person.password,
        "decision": decision,
        "demographics": demographics,
    }
    with requests.Session() as browser:
        browser.headers["Accept"] = "text/html"
        browser.headers["Accept-Language"] = "en"
        url, form = start, None
        for _ in range(20):
            if form is None:
                response = browser.get(url, allow_redirects=False, timeout=60)
            else:
                response = browser.post(url, data=form, allow_redirects=False, timeout=60)
            form = None
            location = response.headers.get("Location")
            if 300 <= response.status_code < 400 and location:
                if location.startswith(redirect_uri):
                    return location
                url = urljoin(url, location)
                continue
            page = _Page(answers)
            page.feed(response.text)
            if response.status_code != 200 or not page.asked:
                raise AssertionError(
                    f"{url.split('?')[0]} answered {response.status_code}: {response.text[:400]}"
                )
            url, form = urljoin(url, page.action), page.fields
    raise AssertionError(f"still not back at {redirect_uri} after 20 pages; now at {url.split('?')[0]}")


def parameters(url):
    """The query of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


class _Page(HTMLParser):
    """A page's form, filled in: hidden fields as they are, and the person's answer to each question."""

    def __init__(self, answers):
        super().__init__()
        self._answers = answers
        self.action = ""
        self.fields = {}
        self.asked = False

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        name = attributes.get("name")
        if tag == "form":
            self.action = attributes.get("action", "")
        elif tag not in ("input", "button") or not name or name in self.fields:
            return
        elif attributes.get("type") == "hidden":
            self.fields[name] = attributes.get("value", "")
        elif name in self._answers:
            self.fields[name] = self._answers[name]
            self.asked = True
