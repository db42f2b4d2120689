"""The life of the package on a box: install, edit, upgrade, disable, remove, purge."""

import re
import unittest

import house
from house import until

DATA = "/var/lib/private/tetherd"
CONFIG = "/etc/tetherd/tetherd.toml"


class Life(house.Linked):
    def test_1_installing_starts_it_and_leads_to_the_page(self):
        said = self.installing.splitlines()
        at = next(n for n, line in enumerate(said) if line.startswith("tetherd runs."))
        self.assertRegex(said[at], rf"Open http://{re.escape(self.box.inside)}:8080/ from any device")
        self.assertIn("sudo tetherd key show", said[at + 1])
        shown = self.box.show("ActiveState", "UnitFileState", "DynamicUser", "NRestarts", "StatusText")
        self.assertEqual(shown["ActiveState"], "active")
        self.assertEqual(shown["UnitFileState"], "enabled")
        self.assertEqual(shown["NRestarts"], "0")
        until("the state in words", lambda: self.box.status() == "1 of 1 linked", 10)
        self.assertEqual(self.box.show("UnitFileState", unit="tetherd.socket")["UnitFileState"], "disabled")
        self.assertEqual(self.box.run("dpkg", "-V", "tetherd"), "")

    def test_2_the_unit_is_right_and_closed(self):
        self.assertEqual(self.box.code("systemd-analyze", "verify", "--man=no", "tetherd.service", "tetherd.socket"), 0)
        text = self.box.run("systemd-analyze", "security", "--no-pager", "tetherd.service")
        score = float(re.search(r"level for tetherd.service: ([\d.]+)", text)[1])
        version = self.box.run("systemctl", "--version").splitlines()[0]
        house.figure(f"systemd-analyze security, {version}: {score}")
        self.assertLessEqual(score, 1.2)

    def test_3_there_is_a_page_to_read_and_words_to_complete(self):
        for path in ["man/man1/tetherd.1.gz", "man/man1/tetherd-key-show.1.gz", "zsh/vendor-completions/_tetherd",
                     "bash-completion/completions/tetherd", "fish/vendor_completions.d/tetherd.fish"]:
            self.assertEqual(self.box.code("test", "-s", f"/usr/share/{path}"), 0, path)
        self.assertEqual(self.box.code("test", "-e", "/etc/avahi/services/tetherd.service"), 0)
        self.assertEqual(self.box.run("stat", "-c", "%a %U", DATA, f"{DATA}/sealing.key").split()[::2], ["700", "600"])

    def test_4_an_upgrade_keeps_the_link_and_what_was_edited(self):
        self.box.run("sh", "-c", f"sed -i 's/^#device_name = .*/device_name = \"attic\"/' {CONFIG}")
        before = self.box.pid()
        self.install(self.later)
        self.assertNotEqual(self.box.pid(), before)
        took = self.client.until_open(10)
        house.figure(f"upgrade: open again {took:.2f} s after apt-get returned")
        self.assertEqual(self.owner(), house.PHONE)
        self.assertIn('\ndevice_name = "attic"', self.box.run("cat", CONFIG))
        self.assertNotIn("tetherd runs.", self.box.run("apt-get", "install", "-y", "--reinstall", f"/root/{self.later.name}"))

    def test_5_what_was_disabled_stays_disabled(self):
        self.box.run("systemctl", "disable", "--now", "tetherd")
        self.install(self.later)
        shown = self.box.show("UnitFileState", "ActiveState")
        self.assertEqual(shown["UnitFileState"], "disabled")
        self.box.run("systemctl", "enable", "--now", "tetherd")
        self.client.until_open(10)

    def test_6_removed_it_stops_and_comes_back_linked(self):
        self.box.run("apt-get", "remove", "-y", "tetherd")
        self.assertEqual(self.client.state(), {})
        self.assertEqual(self.box.code("test", "-e", f"{DATA}/tetherd.db"), 0)
        self.install(self.later)
        self.client.until_open(10)
        self.assertEqual(self.owner(), house.PHONE)
        self.assertIn('\ndevice_name = "attic"', self.box.run("cat", CONFIG))

    def test_7_a_purge_keeps_the_accounts_unless_told_otherwise(self):
        self.box.run("apt-get", "purge", "-y", "tetherd")
        self.assertEqual(self.box.code("test", "-e", f"{DATA}/tetherd.db"), 0, "nobody was asked, so they are kept")
        self.assertNotEqual(self.box.code("test", "-e", "/etc/tetherd"), 0)
        self.install(self.later)
        self.client.until_open(10)

        answer = "tetherd tetherd/forget-accounts boolean true"
        self.box.run("sh", "-c", f"echo '{answer}' | debconf-set-selections")
        self.box.run("apt-get", "purge", "-y", "tetherd")
        for path in [DATA, "/var/lib/tetherd", "/etc/tetherd", "/usr/bin/tetherd"]:
            self.assertNotEqual(self.box.code("test", "-e", path), 0, path)
        self.assertEqual(self.box.run("systemctl", "--failed", "--no-legend", "--plain"), "")

    def owner(self):
        return self.client.ask("GET", "/instance/fetchInstances")[0]["ownerJid"].split("@")[0].split(":")[0]


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
