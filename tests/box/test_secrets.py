"""Secrets that systemd hands over: the sealing key, plain and encrypted; the API's key; the key of a certificate."""

import ssl
import subprocess
import unittest

import house
from house import until

DATA = "/var/lib/private/tetherd"
CONFIG = "/etc/tetherd/tetherd.toml"
GIVEN_KEY = "a-key-that-only-this-test-has"


class Secrets(house.Linked):
    def give(self, *credentials):
        """As `systemctl edit tetherd` and a restart."""
        self.box.put("/etc/systemd/system/tetherd.service.d/secrets.conf", "\n".join(["[Service]", *credentials, ""]))
        self.box.run("systemctl", "daemon-reload")
        self.box.run("systemctl", "restart", "--no-block", "tetherd")

    def test_1_the_sealing_key_as_a_credential(self):
        self.box.run("tetherd", "key", "rotate-seal", "--to", "/etc/tetherd/sealing.key")
        self.assertEqual(self.box.run("stat", "-c", "%a %U", "/etc/tetherd/sealing.key").strip(), "600 root")
        self.box.run("rm", f"{DATA}/sealing.key")
        before = self.box.pid()
        self.give("LoadCredential=sealing.key:/etc/tetherd/sealing.key")
        until("another process", lambda: self.box.pid() not in (0, before), 20)
        self.client.until_open(20)
        mode = self.box.run("stat", "-c", "%a", "/run/credentials/tetherd.service/sealing.key").strip()
        house.figure(f"the sealing key as systemd hands it over: mode {mode}")
        self.assertNotEqual(self.box.code("test", "-e", f"{DATA}/sealing.key"), 0, "none is made beside it")
        self.assertIn("shop: open", self.box.run("tetherd", "status"))

    def test_2_without_it_it_refuses_and_touches_nothing(self):
        self.give()
        refused = until("a refusal", lambda: self.logged("sealing.key is missing"), 20)
        house.figure(f"without the key: {refused}")
        self.assertNotEqual(self.box.code("test", "-e", f"{DATA}/sealing.key"), 0)
        until("the next try", lambda: int(self.box.show("NRestarts")["NRestarts"]) >= 2, 20)
        # And a command of root's, with the daemon away, says what is missing too.
        done = self.box.call("exec", self.box.path / "box", "tetherd", "key", "list", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("sealing.key is missing", done.stderr)

    def logged(self, words):
        return next((line for line in self.box.run("journalctl", "-u", "tetherd", "-o", "cat", "--no-pager").splitlines()
                     if words in line), None)

    def test_3_the_sealing_key_encrypted_for_this_box(self):
        plain, sealed = "/etc/tetherd/sealing.key", "/etc/tetherd/sealing.cred"
        self.box.run("systemd-creds", "encrypt", "--with-key=host", "--name=sealing.key", plain, sealed)
        self.box.run("rm", plain)
        self.give(f"LoadCredentialEncrypted=sealing.key:{sealed}")
        self.client.until_open(20)

    def test_4_https_and_the_key_of_the_api(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.box.path, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=box", "-addext", f"subjectAltName=IP:{self.box.inside}", "-keyout", "tls.key", "-out", "tls.crt")
        self.box.bring(self.box.path / "tls.key", self.box.path / "tls.crt", to="/etc/tetherd")
        self.box.put("/etc/tetherd/api-key", GIVEN_KEY + "\n")
        self.box.run("sh", "-c", "cd /etc/tetherd; chown root:root tls.* api-key; chmod 600 tls.key api-key; chmod 644 tls.crt")
        self.box.run("sed", "-i", 's/^#tls_/tls_/', CONFIG)
        self.give("LoadCredentialEncrypted=sealing.key:/etc/tetherd/sealing.cred",
                  "LoadCredential=tls.key:/etc/tetherd/tls.key", "LoadCredential=api-key:/etc/tetherd/api-key")
        trust = ssl.create_default_context(cafile=str(self.box.path / "tls.crt"))
        client = house.Client(f"https://{self.box.inside}:{house.PORT}", GIVEN_KEY, trust)
        client.until_open(20)
        self.assertNotIn(GIVEN_KEY, self.box.journal())
        self.assertEqual(self.box.code("tetherd", "healthcheck"), 0)

    def test_5_a_reload_is_taken_whole_or_refused_whole(self):
        before = self.box.pid()
        self.box.run("sed", "-i", 's/^listen/lisen/', CONFIG)
        self.box.run("systemctl", "reload", "tetherd")
        until("it is refused", lambda: "the new configuration is not used" in self.box.journal(), 10)
        self.assertIn(f"{CONFIG}", self.box.journal().partition("the new configuration is not used")[2])
        self.box.run("sed", "-i", 's/^lisen/listen/; s/^#hosts.*/hosts = ["box.example.org"]/', CONFIG)
        self.box.run("systemctl", "reload", "tetherd")
        until("it is taken", lambda: "the configuration was read again: http.hosts" in self.box.journal(), 10)
        shown = self.box.show("MainPID", "ActiveState")
        self.assertEqual((int(shown["MainPID"]), shown["ActiveState"]), (before, "active"))


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
