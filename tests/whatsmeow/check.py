"""A device of whatsmeow's from its first code to its end."""

import os
import sys
import tempfile
import time
import traceback

from client import Client, aim_at
from sandbox import Sandbox

ME, OTHER, FRIEND = "15551234567", "15557654321", "4915112345678"
# What whatsmeow says of each; it calls both signatures the intermediate's.
CHAINS = {
    "issuer_serial": "intermediate issuer serial",
    "no_intermediate": "missing",
    "wrong_root": "cert signature",
    "intermediate_signature": "cert signature",
    "leaf_signature": "cert signature",
    "leaf_issuer_serial": "leaf issuer serial",
    "leaf_key": "match decrypted static",
    "expired": "expired",
    "not_yet_valid": "not valid yet",
}

sandbox = Sandbox()
aim_at(sandbox)


def qr():
    client, jid = Client.linked(sandbox, ME)
    assert jid == f"{ME}:1@s.whatsapp.net", jid
    return client


def restart(client):
    client.stop()
    again = Client(client.folder)
    again.until("Connected")
    assert again.qrs.empty(), "a code"
    return again


def text_in(client):
    identity = sandbox.send(FRIEND, ME, "Grüße aus Köln 👋")
    assert client.text("Grüße aus Köln 👋").Info.ID == identity
    sandbox.until("receipt", identity)


def text_out(client):
    sent = client.client.send_message(FRIEND, "and back")
    sandbox.until("received", sent.ID)
    got = sandbox.ask("GET", f"/received?phone={FRIEND}")["messages"]
    assert [(m["id"], m["text"]) for m in got] == [(sent.ID, "and back")], got


def away(client):
    client.stop()
    for n in range(30):
        sandbox.send(FRIEND, ME, f"away {n}")
    again = Client(client.folder)
    for n in range(30):
        again.text(f"away {n}")
    return again


def comes_back(client, fault):
    since = sandbox.now()
    sandbox.ask("POST", "/fault", fault)
    sandbox.until("logged_in", ME, since)
    client.until("Connected")


def refused(client, reason, event, **attributes):
    sandbox.ask("POST", "/fault", {"kind": "failure", "reason": reason, "times": 1, "attributes": attributes})
    client.stop()
    again = Client(client.folder)
    again.until(event)
    return restart(again)


def replaced(client):
    other = Client(client.folder)
    other.until("Connected")
    client.until("StreamReplaced")
    client.stop()
    return other


def unlink(client):
    sandbox.ask("POST", "/unlink", {"jid": ME})
    client.until("LoggedOut")
    client.stop()


def code():
    client = Client(tempfile.mkdtemp(prefix="whatsmeow-"))
    client.qr()
    jid = sandbox.enter_code(OTHER, client.client.PairPhone(OTHER, True))
    assert jid == f"{OTHER}:1@s.whatsapp.net", jid
    client.until("Connected")
    return client


def log_out(client):
    client.client.logout()
    sandbox.until("logged_out", OTHER)


def chain_refused(what, why):
    sandbox.ask("POST", "/fault", {"kind": "noise_certificate", "what": what, "times": 1})
    client = Client(tempfile.mkdtemp(prefix="whatsmeow-"))
    failed = client.failed.get(timeout=40)
    assert why in failed and client.qrs.empty(), failed


def step(name, scene, *arguments, **named):
    began = time.monotonic()
    result = scene(*arguments, **named)
    print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return result


def main():
    client = step("a QR links", qr)
    client = step("a restart needs none", restart, client)
    step("a text comes, and its sender hears that it did", text_in, client)
    step("a text goes, and the other phone opens it", text_out, client)
    client = step("what was written while it was away comes in order", away, client)
    for fault in ({"kind": "drop"}, {"kind": "end"}, {"kind": "stream", "code": 503}, {"kind": "stream", "code": 515}):
        step(f"it comes back after {fault}", comes_back, client, fault)
    client = step("a ban is told", refused, client, 402, "TemporaryBan", code="101", expire="3600")
    client = step("an outdated version is told", refused, client, 405, "ClientOutdated")
    client = step("the same session elsewhere replaces it", replaced, client)
    step("the phone removes it", unlink, client)
    client = step("a pairing code links", code)
    step("it logs out", log_out, client)
    for what, why in CHAINS.items():
        step(f"a chain with {what} is refused", chain_refused, what, why)
    assert sandbox.violations() == [], sandbox.violations()


try:
    main()
    status = 0
except BaseException:
    traceback.print_exc()
    print("FAILED; violations:", sandbox.violations())
    status = 1
finally:
    sandbox.stop()
    sys.stdout.flush()
    # Its threads do not end by themselves.
    os._exit(status)
