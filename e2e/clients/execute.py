"""Unmodified nbclient from PyPI runs a notebook with a kernel of a project. It speaks
with it by jupyter_kernel_client's manager, once directly, and once through a Jupyter
Server of one's own that has its kernels in the project, as with
`jupyter lab --gateway-url`.

    execute.py BASE_URL TOKEN
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time

import nbformat
from jupyter_kernel_client.manager import KernelHttpManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

base, token = sys.argv[1:3]
v4 = nbformat.v4


def check(server, token):
    """One kernel runs cells until the one that fails."""
    book = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Sums"),
            v4.new_code_cell("x = 6 * 7\nprint(x)\nx + 1"),
            v4.new_code_cell("from IPython.display import display\nd = display(1, display_id=True)\nd.update(2)"),
            v4.new_code_cell("1/0"),
            v4.new_code_cell("'never'"),
        ]
    )
    kernel = KernelHttpManager(server_url=server.rstrip("/"), token=token)
    kernel.start_kernel(name="python3")  # nbclient would hand it arguments for a process
    try:
        client = NotebookClient(book, km=kernel, timeout=60)
        client.kc = kernel.client  # a property there, where nbclient would call it
        client.kc.start_channels()
        client.kc.wait_for_ready(timeout=60)
        client.execute(cleanup_kc=False)
    except CellExecutionError as e:
        assert e.ename == "ZeroDivisionError", e
    else:
        raise AssertionError("an error went by unseen")
    finally:
        kernel.shutdown_kernel(now=True)
    said = book.cells[1].outputs
    assert [o.output_type for o in said] == ["stream", "execute_result"], said
    assert said[0].text == "42\n" and said[1].data["text/plain"] == "43", said
    assert book.cells[2].outputs[0].data["text/plain"] == "2", book.cells[2]
    assert book.cells[3].outputs[0].ename == "ZeroDivisionError" and not book.cells[4].outputs, book.cells[3:]
    assert "iopub.execute_input" in book.cells[1].metadata.execution, book.cells[1].metadata


def until_listening(port):
    """It says where it is before it is there."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("the server does not listen")


check(base, token)
print("nbclient: all well")

with tempfile.TemporaryDirectory() as home:
    own = {"HOME": home, "JUPYTER_GATEWAY_AUTH_TOKEN": token, "JUPYTER_TOKEN": "own", "JUPYTER_NO_CONFIG": "1"}
    args = ["--gateway-url=" + base.rstrip("/"), "--ServerApp.port=0", "--ServerApp.open_browser=False", "--allow-root"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *args], cwd=home, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True
    )
    try:
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\?token", line):
                break
        else:
            raise AssertionError("the server did not start: " + "".join(said))
        until_listening(found[1])
        check(f"http://127.0.0.1:{found[1]}/", "own")
    finally:
        server.kill()
        server.communicate(timeout=30)
print("gateway: all well")
