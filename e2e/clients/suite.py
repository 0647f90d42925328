"""Jupyter Server's own tests, turned against a project of ours.

This file takes the place of tests/conftest.py in the source of jupyter_server,
which becomes tests/original.py: its fixtures stay, but those that start a Jupyter
Server speak with ours instead. The environment says where:

    SUITE_BASE   address of the API, SUITE_TOKEN an API token
    SUITE_HOME   the project's home on this machine
    SUITE_LIST   suite.txt, which tests are run and which are not, and why
"""

import json
import os
import shutil
import types
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import tornado.escape
import tornado.httpclient
import tornado.websocket
from jupyter_server.utils import url_path_join

from tests.original import *  # noqa: F403

BASE = os.environ["SUITE_BASE"]
TOKEN = os.environ["SUITE_TOKEN"]
HOME = Path(os.environ["SUITE_HOME"])
HEADER = {"Authorization": f"token {TOKEN}"}
os.umask(0)  # the project's user changes what the tests make


def ask(method, path, timeout=60):
    request = urllib.request.Request(BASE + path, method=method, headers=HEADER)
    with urllib.request.urlopen(request, timeout=timeout) as r:
        return json.loads(r.read() or b"null")


def pytest_configure(config):
    for mark in "integration_test", "flaky", "timeout(seconds)":
        config.addinivalue_line("markers", mark)


def pytest_runtest_setup(item):
    """The original looks at options that only its own conftest has."""


def left_out():
    """The tests that are not run, by their names without parameters."""
    for line in Path(os.environ["SUITE_LIST"]).read_text().splitlines():
        if line.startswith("not "):
            yield line.split()[1]


def pytest_collection_modifyitems(config, items):
    """Leave out what suite.txt says; one that is not there (any more) is an error."""
    out = set(left_out())
    names = {i: i.nodeid.split("[")[0] for i in items}
    stale = {o for o in out if o.split("[")[0] not in names.values()}
    if stale:
        raise pytest.UsageError(f"suite.txt leaves out what is not there: {sorted(stale)}")
    gone = [i for i in items if names[i] in out or i.nodeid in out]
    config.hook.pytest_deselected(items=gone)
    items[:] = [i for i in items if i not in gone]


class Settable(types.SimpleNamespace):
    """Stands for an object of the server. To set something in it changes nothing:
    tests that do are left out."""


@pytest.fixture
def jp_root_dir():
    return HOME


@pytest.fixture
def jp_data_dir():
    return HOME / ".local/share/jupyter"


@pytest.fixture
def jp_serverapp(jp_root_dir):
    kernels = Settable(default_kernel_name="python3", get_kernel=lambda _: Settable())
    return Settable(root_dir=str(jp_root_dir), kernel_manager=kernels)


@pytest.fixture
def jp_auth_header():
    return dict(HEADER)


@pytest.fixture
def jp_base_url():
    return urllib.parse.urlparse(BASE).path


def address(parts, params):
    return url_path_join(BASE, tornado.escape.url_escape(url_path_join(*parts), plus=False)) + "?" + urllib.parse.urlencode(params or {})


def policy(response, base_url):
    """What the hub says of each answer of a project is stricter than Jupyter's policy
    and tested here; the tests get to see the one that they know."""
    assert "sandbox; default-src 'none'" in response.headers["Content-Security-Policy"]
    report = url_path_join(base_url, "/api/security/csp-report")
    response.headers["Content-Security-Policy"] = f"frame-ancestors 'self'; report-uri {report}; default-src 'none'"
    return response


@pytest.fixture
def jp_fetch(jp_asyncio_loop, jp_base_url):
    async def fetch(*parts, headers=None, params=None, **kwargs):
        kwargs.setdefault("request_timeout", 60)
        client = tornado.httpclient.AsyncHTTPClient(force_instance=True)
        try:
            r = await client.fetch(address(parts, params), headers={**HEADER, **(headers or {})}, **kwargs)
        finally:
            client.close()
        return policy(r, jp_base_url)

    return fetch


@pytest.fixture
def jp_ws_fetch(jp_asyncio_loop):
    def fetch(*parts, headers=None, params=None, **_):
        url = "ws" + address(parts, params).removeprefix("http")
        return tornado.websocket.websocket_connect(tornado.httpclient.HTTPRequest(url, headers={**HEADER, **(headers or {})}))

    return fetch


@pytest.fixture(autouse=True)
def jp_server_cleanup(jp_asyncio_loop):
    """Leave nothing to the next test: by the API what that shows, so that documents
    go along, and by hand what is hidden."""
    yield
    for k in ask("GET", "api/kernels"):
        ask("DELETE", "api/kernels/" + k["id"])
    for t in ask("GET", "api/terminals"):
        ask("DELETE", "api/terminals/" + t["name"])
    for m in ask("GET", "api/contents")["content"]:
        ask("DELETE", "api/contents/" + urllib.parse.quote(m["path"]))
    for p in HOME.iterdir():
        if p.name.startswith(".hidden") or p.name == ".jupyter":
            shutil.rmtree(p) if p.is_dir() else p.unlink()
    shutil.rmtree(HOME / ".local/share/jupyter", ignore_errors=True)
