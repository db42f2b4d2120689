"""Starts tetherd, receives what it posts, and verifies it with libraries that know nothing of tetherd."""

import http.server
import json
import queue
import sys
import threading

import jwt
from standardwebhooks import Webhook, WebhookVerificationError

from tetherd import tetherd

TETHERD, KEPT = sys.argv[1:]
LIMIT = 20
requests = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        requests.put((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def refused(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
hook = f"http://127.0.0.1:{server.server_port}/hook"

with tetherd(TETHERD, LIMIT) as here:
    ask = here.ask

    kept = []

    def expect(secrets, event):
        path, headers, body = requests.get(timeout=LIMIT)
        told = json.loads(body)
        assert told["event"] == event, told
        for secret in secrets:
            Webhook(secret).verify(body, headers)
        assert refused(secrets[0], body + " ", headers) and refused("whsec_" + "A" * 32, body, headers)
        assert headers["webhook-id"] == told["id"], headers
        kept.append({"secrets": secrets, "headers": headers, "body": body})
        return path, headers, told

    webhook = {"url": hook + "?token=1", "secret": "generate", "byEvents": True}
    made = ask("POST", "/instance/create",
               {"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "webhook": webhook})
    first = made["webhook"]["secret"]
    path, headers, told = expect([first], "INSTANCE_CREATE")
    assert path == "/hook/instance-create?token=1", path
    assert told["seq"] == 1 and told["apikey"] is None
    assert list(told) == ["event", "instance", "data", "destination", "date_time", "sender", "server_url",
                          "apikey", "id", "seq"], list(told)
    assert "secret" not in ask("GET", "/webhook/find/shop"), "shown this once"

    second = ask("POST", "/webhook/set/shop", {"secret": "generate", "spelling": "dotted", "byEvents": False})["secret"]
    assert first != second
    ask("POST", "/webhook/test/shop")
    path, _, _ = expect([first, second], "webhook.test")
    assert path == "/hook?token=1", path
    third = "whsec_" + "c2VjcmV0" * 4
    ask("POST", "/webhook/set/shop", {"webhook": {"secret": third, "headers": {"X-Token": "abc", "jwt_key": "k" * 32}}})
    ask("POST", "/webhook/test/shop")
    _, headers, _ = expect([second, third], "webhook.test")
    assert refused(first, kept[-1]["body"], headers), "two are good at once, not three"
    claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), "k" * 32, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 600 and claims["app"] == "evolution" and claims["action"] == "webhook", claims
    assert headers["x-token"] == "abc"
    with open(KEPT, "w") as file:
        json.dump(kept, file)
    print(f"PyPI standardwebhooks: {sum(len(k['secrets']) for k in kept)} signatures verified, forged ones refused; PyJWT reads the token")
