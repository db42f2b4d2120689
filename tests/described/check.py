"""Drives tetherd through a whole session and holds every request and answer against what /openapi.json says."""

import copy
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from openapi_spec_validator import validate

from tetherd import KEY, tetherd

TETHERD, SANDBOX = sys.argv[1:]
SECRET = "the-app-secret-of-the-tests"
PHONE = "15551234567"
ID = "106540352242922"
LIMIT = 60


def inlined(schema):
    """The same without references."""
    if isinstance(schema, list):
        return [inlined(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        return inlined(document["components"]["schemas"][name])
    return {key: inlined(value) for key, value in schema.items()}


def strict(schema, part=False):
    """The same, and nothing besides: an answer's member that is not described is a fault of the description."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {}
    for key, value in schema.items():
        if key == "properties":
            shut[key] = {name: strict(inner) for name, inner in value.items()}
        elif key == "allOf":
            shut[key] = [strict(item, part=True) for item in value]
        else:
            shut[key] = strict(value) if isinstance(value, (dict, list)) else value
    if not part and ("properties" in schema or "allOf" in schema):
        shut["unevaluatedProperties"] = False
    return shut


def holds(schema, value, what):
    for kind in (inlined(schema), strict(inlined(schema))):
        validator = Draft202012Validator(kind, format_checker=Draft202012Validator.FORMAT_CHECKER)
        fault = best_match(validator.iter_errors(value))
        if fault:
            sys.exit(f"{what}: {fault.message[:500]}\nat {list(fault.absolute_path)} of {json.dumps(value)[:2000]}")


def described(method, path):
    """The operation that serves this path."""
    pieces = path.split("?")[0].split("/")
    for template, methods in sorted(document["paths"].items(), key=lambda it: it[0].count("{")):
        known = template.split("/")
        if len(known) == len(pieces) and all(k == p or k.startswith("{") for k, p in zip(known, pieces)):
            return template, methods[method.lower()]
    sys.exit(f"{method} {path} is not described")


def send(method, path, body, headers):
    request = urllib.request.Request(base + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["content-type"], refused.read()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy():
    """One that leads wherever it is asked to; its port."""

    def lead(client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        host, port = head.split()[1].decode().rsplit(":", 1)
        there = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=pump, args=(there, client), daemon=True).start()
        pump(client, there)

    def accept():
        while True:
            threading.Thread(target=lead, args=(listener.accept()[0],), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


covered = set()


def ask(method, path, body=None, key=KEY, status=None, headers=None):
    template, operation = described(method, path)
    what = f"{method} {path} {json.dumps(body) if body is not None else ''}"
    good = status is None or status < 300
    for name, value in urllib.parse.parse_qsl(path.partition("?")[2]):
        known = next((p for p in operation.get("parameters", []) if p["name"] == name and p["in"] == "query"), None)
        if known is None:
            sys.exit(f"{what}: {name} is not described")
        if good:
            holds(known["schema"], int(value) if known["schema"].get("type") == "integer" else value, what)
    if body is not None:
        if "requestBody" not in operation:
            sys.exit(f"{what}: a body is not described")
        if good:
            holds(operation["requestBody"]["content"]["application/json"]["schema"], body, what + " (request)")
    elif good and operation.get("requestBody", {}).get("required"):
        sys.exit(f"{what}: a body is described as required")
    sent = {} if key is None else {"apikey": key}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        sent["content-type"] = "application/json"
    got, kind, bytes_ = send(method, path, data, sent | (headers(data) if headers else {}))
    kind = kind.split(";")[0]
    if good:
        if str(got) not in operation["responses"]:
            sys.exit(f"{what}: {got}: {bytes_[:500]}")
        content = operation["responses"][str(got)]["content"]
        covered.add((template, method))
    else:
        if got != status:
            sys.exit(f"{what}: {got} instead of {status}: {bytes_[:500]}")
        content = operation["responses"]["default"]["content"]
    if kind not in content and kind == "application/json" or not content:
        sys.exit(f"{what}: {kind} is not described: {content}")
    if "application/json" != kind:
        return bytes_
    value = json.loads(bytes_)
    if "schema" in content.get(kind, {}):
        holds(content[kind]["schema"], value, what)
    return value


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(sandbox["controlUrl"] + path, data=data), timeout=LIMIT) as answer:
        return json.load(answer)


def until(name, state):
    end = time.monotonic() + LIMIT
    while True:
        now = ask("GET", f"/instance/connectionState/{name}")
        if now["instance"]["state"] == state:
            return now
        if time.monotonic() > end:
            sys.exit(f"never {state}: {now}")
        time.sleep(0.02)


def session():
    for path in ("/", "/healthz", "/readyz", "/openapi.json", "/metrics"):
        ask("GET", path)
    ask("POST", "/verify-creds")
    ask("POST", "/verify-creds", key="another", status=401)
    assert ask("GET", "/instance/fetchInstances") == []
    whole = {
        "instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "qrcode": True, "number": PHONE, "token": "a-token-of-ones-own",
        "rejectCall": True, "msgCall": "no", "groupsIgnore": True, "alwaysOnline": False, "readMessages": False, "readStatus": False,
        "syncFullHistory": False, "wavoipToken": "",
        "webhook": {"url": "http://127.0.0.1:9/nobody", "enabled": True, "byEvents": True, "base64": True, "events": ["CONNECTION_UPDATE"],
                    "headers": {"X-Token": "abc", "jwt_key": "k"}, "secret": "generate", "spelling": "dotted"},
    }
    made = ask("POST", "/instance/create", whole)
    assert made["qrcode"]["code"], made
    ask("POST", "/instance/create", whole, status=403)
    ask("POST", "/instance/create", {"instanceName": 5}, status=400)
    token = made["hash"]
    ask("GET", "/instance/fetchInstances", key=token)
    ask("GET", "/instance/connectionState/shop", key=token)
    ask("GET", "/instance/connect/nobody", status=400)
    ask("GET", "/instance/connect/shop?wait=99", status=400)
    ask("GET", "/instance/connectionState/nobody", status=404)
    shown = ask("GET", f"/instance/connect/shop?wait=5&number={PHONE}")
    assert shown["pairingCode"], shown
    for format_ in ("json", "png", "svg", "txt"):
        assert ask("GET", f"/instance/qrcode/shop?format={format_}")
    invited = ask("POST", "/instance/invite/shop", {"expiresIn": 60})
    assert invited["url"]
    ask("POST", "/instance/invite/shop")
    ask("DELETE", "/instance/invite/shop")
    ask("DELETE", "/instance/invite/shop", status=404)
    ask("POST", "/instance/setPresence/shop", {"presence": "available"}, status=400)
    control("/scan", {"qr": ask("GET", "/instance/connect/shop")["code"], "phone": PHONE})
    until("shop", "open")
    assert ask("GET", "/instance/connect/shop")["instance"]["state"] == "open"
    ask("GET", "/instance/qrcode/shop", status=404)
    # Without its name WhatsApp takes no presence; it comes as when it is changed on the phone.
    named = {"type": "account_sync", "from": "s.whatsapp.net", "t": "1795000000", "pushname": "Shop"}
    end = time.monotonic() + LIMIT
    while not ask("GET", "/instance/fetchInstances?instanceName=shop")[0]["profileName"]:
        control("/fault", {"kind": "inject", "stanza": {"tag": "notification", "attrs": named | {"id": str(time.monotonic())}}})
        assert time.monotonic() < end, "never a name"
        time.sleep(0.05)
    ask("GET", f"/instance/fetchInstances?number={PHONE}")
    ask("GET", "/instance/fetchInstances?instanceId=nobody", status=404)
    ask("POST", "/instance/setPresence/shop", {"presence": "unavailable"})
    ask("POST", "/instance/setPresence/shop", {"presence": "dancing"}, status=400)
    ask("POST", "/settings/set/shop", {"alwaysOnline": True, "msgCall": "call later"})
    ask("GET", "/settings/find/shop")
    assert ask("GET", "/proxy/find/shop") is None
    ask("POST", "/proxy/set/shop", {"enabled": True, "host": "127.0.0.1", "port": str(proxy()), "protocol": "http", "username": "u", "password": "p"})
    ask("GET", "/proxy/find/shop")
    ask("GET", "/instance/fetchInstances")
    ask("POST", "/proxy/set/shop", {"port": proxy()})
    ask("POST", "/proxy/set/shop", {"port": 1}, status=400)
    ask("POST", "/proxy/set/shop", {"enabled": False, "host": "", "port": "", "protocol": "", "username": "", "password": ""})
    ask("POST", "/webhook/set/shop", {"webhook": {"enabled": True, "webhookByEvents": False, "webhookBase64": False, "events": []}})
    ask("POST", "/webhook/set/shop", {"url": "http://127.0.0.1:9/elsewhere", "secret": "none", "jwt_key": ""})
    ask("POST", "/webhook/set/shop", {"url": "ftp://x"}, status=400)
    ask("GET", "/webhook/find/shop")
    ask("POST", "/webhook/test/shop")
    ask("GET", "/webhook/deliveries/shop?limit=1")
    ask("POST", "/webhook/redeliver/shop", {"all": "dead"})
    ask("POST", "/webhook/redeliver/shop/1", status=404)
    ask("POST", "/instance/restart/shop?wait=10")
    until("shop", "open")
    rotated = ask("PUT", "/instance/token/shop", {"rotate": True})
    ask("GET", "/instance/connectionState/shop", key=rotated["hash"])
    ask("PUT", "/instance/token/shop", {}, status=400)
    for fault in ({"kind": "upgrade", "status": 503, "times": 0}, {"kind": "drop"}):
        control("/fault", fault)
    until("shop", "connecting")
    nothing = ask("GET", "/instance/connect/shop?wait=1")
    assert nothing["count"] == 0 and nothing["instance"]["nextRetryAt"], nothing
    ask("DELETE", "/instance/logout/shop")
    ask("GET", "/instance/fetchInstances")
    ask("GET", "/webhook/deliveries/shop?status=dead")
    ask("DELETE", "/instance/delete/shop")
    ask("DELETE", "/instance/delete/shop", status=404)
    business()
    for line, status in (("GET /nope", 404), ("PATCH /instance/create", 405)):
        method, path = line.split()
        got, _, body = send(method, path, None, {"apikey": KEY})
        assert got == status, (line, got, body)
        holds({"$ref": "#/components/schemas/ErrorBody"}, json.loads(body), line)
    got, _, body = send("POST", "/instance/create", b"{", {"apikey": KEY, "content-type": "text/plain"})
    assert got == 415
    holds({"$ref": "#/components/schemas/ErrorBody"}, json.loads(body), "415")


def business():
    control("/meta/number", {"id": ID, "waba": "102290129340398", "token": "EAAGtoken"})
    made = ask("POST", "/instance/create", {"instanceName": "biz", "integration": "WHATSAPP-BUSINESS", "number": ID,
                                            "businessId": "102290129340398", "token": "EAAGtoken", "instanceToken": "a-key-of-ones-own"})
    assert made["hash"] == "a-key-of-ones-own"
    assert ask("GET", "/instance/connect/biz")["instance"]["state"] == "open"
    ask("GET", "/instance/fetchInstances")
    token = urllib.parse.quote(made["instance"]["verifyTokenWaBusiness"])
    assert ask("GET", f"/webhook/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=115", key=None) == b"115"
    ask("GET", "/webhook/meta?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=115", key=None, status=403)
    ask("POST", "/webhook/meta", {"object": "x"}, key=None, status=401)
    told = {"object": "whatsapp_business_account", "entry": []}
    signed = lambda data: {"x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()}
    ask("POST", "/webhook/meta", told, key=None, headers=signed)
    ask("POST", "/webhook/meta/subscribe/biz")
    control("/meta/condition", {"id": ID, "kind": "expired"})
    assert ask("GET", "/instance/connect/biz")["instance"]["state"] == "close"
    until("biz", "close")
    control("/meta/token", {"id": ID, "token": "EAAGanother"})
    control("/meta/condition", {"id": ID, "kind": "good"})
    ask("PUT", "/instance/token/biz", {"token": "EAAGanother"})
    until("biz", "open")
    # A receiver that says that there is nothing: what it is sent is given up at once.
    ask("POST", "/webhook/set/biz", {"url": sandbox["controlUrl"] + "/nothing", "enabled": True})
    end = time.monotonic() + LIMIT
    while not (dead := ask("GET", "/webhook/deliveries/biz?status=dead")["deliveries"]):
        assert time.monotonic() < end, "nothing is given up"
        ask("POST", "/instance/restart/biz")
    ask("POST", f"/webhook/redeliver/biz/{dead[0]['id']}")
    stream()
    ask("DELETE", "/instance/delete/biz")


def stream():
    request = urllib.request.Request(base + "/events?instance=biz&event=CONNECTION_UPDATE", headers={"apikey": KEY})
    with urllib.request.urlopen(request, timeout=LIMIT) as answer:
        content = document["paths"]["/events"]["get"]["responses"]["200"]["content"]
        assert answer.headers["content-type"].split(";")[0] in content
        covered.add(("/events", "GET"))


away = subprocess.Popen([SANDBOX], stdout=subprocess.PIPE, text=True)
try:
    sandbox = json.loads(away.stdout.readline())
    with tetherd(
        TETHERD, LIMIT, TETHERD_WHATSAPP_URL=sandbox["wsUrl"],
        TETHERD_CLOUD_GRAPH_URL=sandbox["controlUrl"] + "/graph", TETHERD_CLOUD_APP_SECRET=SECRET,
    ) as here:
        base = here.base
        with urllib.request.urlopen(base + "/openapi.json", timeout=LIMIT) as answer:
            document = json.load(answer)
        validate(copy.deepcopy(document))
        session()
        every = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
        missed = every - covered
        if missed:
            sys.exit(f"described and not tried: {sorted(missed)}")
        print(f"{len(covered)} of {len(every)} operations answered as they are described; the document is valid OpenAPI {document['openapi']}")
finally:
    away.terminate()
