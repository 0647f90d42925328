"""Unmodified jupyter_kernel_client from PyPI against a project.

    kernel_client.py BASE_URL TOKEN
"""

import sys

from jupyter_kernel_client import JupyterKernelClient

base, token = sys.argv[1:3]

with JupyterKernelClient(server_url=base, token=token) as kernel:
    reply = kernel.execute("x = 6 * 7\nprint(x)\nx")
    assert reply["status"] == "ok", reply
    said = [o.get("text") or o["data"]["text/plain"] for o in reply["outputs"]]
    assert "".join(said).split() == ["42", "42"], said
    failed = kernel.execute("1/0")
    assert failed["status"] == "error", failed
print("jupyter_kernel_client: all well")
