"""The bare client of the section notebooks: jupyter_client over ZeroMQ, by the
sockets' files (ipc) as Lyceum speaks with the same ipykernel.

    client.py echo N        1+1, N times, until the kernel says that it is idle
    client.py flood CODE    runs it and counts the lines and display_data that arrive

It prints one line of JSON.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

QUIET = 3  # seconds without a message after which nothing more is expected


def idle(msg, request):
    return (
        msg["msg_type"] == "status"
        and msg["parent_header"].get("msg_id") == request
        and msg["content"]["execution_state"] == "idle"
    )


def echo(client, times):
    took = []
    for n in range(times + 50):
        began = time.perf_counter()
        request = client.execute("1+1")
        while not idle(client.get_iopub_msg(timeout=30), request):
            pass
        if n >= 50:  # the first ones warm up
            took.append(1000 * (time.perf_counter() - began))
        client.get_shell_msg(timeout=30)
    return {"milliseconds": took}


def flood(client, code):
    got, last = 0, time.perf_counter()
    began = last
    request = client.execute(code)
    while True:
        try:
            msg = client.get_iopub_msg(timeout=QUIET)
        except queue.Empty:
            break  # the end was thrown away too
        last = time.perf_counter()
        if msg["msg_type"] == "stream":
            got += msg["content"]["text"].count("\n")
        elif msg["msg_type"] == "display_data":
            got += 1
        elif idle(msg, request):
            break
    return {"seconds": last - began, "got": got}


def main(what, how):
    manager = KernelManager(kernel_name="python3", transport="ipc")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    try:
        print(json.dumps(echo(client, int(how)) if what == "echo" else flood(client, how)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main(*sys.argv[1:])
