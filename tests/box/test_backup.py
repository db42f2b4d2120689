"""A backup by root of a box that runs, everything lost, and the backup restored: linked without a scan."""

import unittest

import house

DATA = "/var/lib/private/tetherd"
WORDS = "a horse that reads batteries"


class Backup(house.Linked):
    def test_backup_wipe_restore(self):
        self.box.put("/root/words", WORDS + "\n")
        self.box.run("chmod", "600", "/root/words")
        said = self.box.run("tetherd", "backup", "--passphrase-file", "/root/words", "/root/tetherd.backup")
        self.assertIn("1 instance", said)
        self.client.until_open(5)

        early = self.box.call("exec", self.box.path / "box", "tetherd", "restore", "--passphrase-file", "/root/words",
                              "/root/tetherd.backup", check=False)
        self.assertNotEqual(early.returncode, 0)
        self.assertIn("stop it first", early.stderr)

        self.box.run("systemctl", "stop", "tetherd")
        self.box.run("find", DATA, "-mindepth", "1", "-delete")
        said = self.box.run("tetherd", "restore", "--passphrase-file", "/root/words", "/root/tetherd.backup")
        self.assertIn("shop  linked", said)
        self.box.run("systemctl", "start", "tetherd")
        took = self.client.until_open(20)
        jid = self.client.ask("GET", "/instance/fetchInstances")[0]["ownerJid"]
        self.assertTrue(jid.startswith(house.PHONE), jid)
        house.figure(f"backup, wipe, restore: open without a scan {took:.2f} s after the start")
        # What root made is the service's again.
        owners = set(self.box.run("find", DATA, "-printf", "%u\\n").split())
        self.assertEqual(len(owners), 1, owners)
        self.assertNotIn("root", owners)
        self.assertIn("shop: open", self.box.run("tetherd", "status"))


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
